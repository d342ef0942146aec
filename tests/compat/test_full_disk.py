"""Full disks, named."""

import errno

import pytest
from mmengine.config import Config
from mmengine.runner import Runner
from torch import nn

from tpn_tsn_plugin.compat import full_disk


def test_host_still_has_the_fault(monkeypatch):
    """What the repair has wrapped is the host's own."""
    monkeypatch.setattr(Runner, 'dump_config', Runner.dump_config.__wrapped__)
    assert full_disk.found(), 'the repair can go'
    full_disk.repair()
    assert not full_disk.found()


def test_work_dir_is_named(tmp_path, monkeypatch):
    def full(self, file):
        raise OSError(errno.ENOSPC, 'No space left on device')

    monkeypatch.setattr(Config, 'dump', full)
    with pytest.raises(OSError, match=f"No space left on device: '{tmp_path}'"):
        Runner(nn.Identity(), work_dir=str(tmp_path), experiment_name='full')
