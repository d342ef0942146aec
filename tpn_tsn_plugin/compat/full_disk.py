"""MMEngine's runner does not say which disk is full.

The first thing that it writes is the config, into the work dir. Python's error of a
full disk has no file in it. No upstream issue is known (the code is in
mmengine/runner/runner.py).
"""

import errno
import functools
from types import SimpleNamespace
from typing import Any

from mmengine.runner import Runner

from tpn_tsn_plugin.compat.repair import Repair


def found() -> bool:
    """Tell whether the error of a full disk comes through as it is."""

    def fail(file: str) -> None:
        raise OSError(errno.ENOSPC, 'No space left on device')

    config = SimpleNamespace(filename='config.py', dump=fail)
    try:
        Runner.dump_config(SimpleNamespace(cfg=config, work_dir='work_dir'))
    except OSError as error:
        return error.filename is None
    return False


def repair() -> None:
    """Name the work dir."""
    original = Runner.dump_config

    @functools.wraps(original)
    def dump_config(self: Any) -> None:
        try:
            original(self)
        except OSError as error:
            if error.filename is not None:
                raise
            raise OSError(error.errno, error.strerror, self.work_dir) from error

    Runner.dump_config = dump_config


REPAIR = Repair(
    name='full disks',
    upstream='mmengine, no issue known',
    effect='the error of a full disk names the work dir',
    found=found,
    repair=repair,
)
