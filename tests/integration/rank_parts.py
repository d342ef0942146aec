"""What happens in one rank of several; configs bring it by ``custom_imports``."""

import functools
import os
import signal
import time
from pathlib import Path
from typing import Any

from mmengine.hooks import Hook

from tpn_tsn_plugin.datasets.tempo_demo import dataset
from tpn_tsn_plugin.registry import HOOKS

LAST_WORDS = 'this rank has had enough'
MAKERS = 'makers'
DEATH = 'death'


@HOOKS.register_module()
class DyingRank(Hook):
    """Notes when one rank comes to its second batch, and ends it there.

    Args:
        rank: Which.
        mode: ``'train'`` or ``'val'``.
        how: ``'kill'`` as kill -9 does, ``'raise'`` an exception, or ``'live'`` on.
    """

    def __init__(self, rank: int, mode: str, how: str) -> None:
        self.rank, self.mode, self.how = rank, mode, how

    def _before_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, mode: str = 'train'
    ) -> None:
        if (runner.rank, mode, batch_idx) != (self.rank, self.mode, 1):
            return
        Path(runner.work_dir, DEATH).write_text(str(time.time()))
        if self.how == 'kill':
            os.kill(os.getpid(), signal.SIGKILL)
        if self.how == 'raise':
            raise ValueError(LAST_WORDS)


def note_makers() -> None:
    """Have each process note beside the demo data whether it made them."""
    original = dataset.generate

    @functools.wraps(original)
    def generate(root: Path, *args: Any, **kwargs: Any) -> bool:
        made = original(root, *args, **kwargs)
        with (root.parent / MAKERS).open('a') as file:
            file.write(f'{os.environ.get("RANK")} {made}\n')
        return made

    dataset.generate = generate


if 'RANK' in os.environ:
    note_makers()
