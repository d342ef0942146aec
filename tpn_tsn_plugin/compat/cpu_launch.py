"""MMEngine's launchers ``pytorch`` and ``slurm`` cannot start without a GPU.

``mmengine.dist`` calls ``torch.cuda.set_device`` and its configs ask for NCCL, and
``Runner.wrap_model`` passes ``device_ids=[LOCAL_RANK]``, which torch refuses for a
model on the CPU. No upstream issue is known (the code is in mmengine/dist/utils.py
and mmengine/runner/runner.py).
"""

import functools
import os
from typing import Any

import torch.distributed
from mmengine.device import get_device
from mmengine.dist import utils as dist_utils
from mmengine.logging import print_log
from mmengine.model import MMDistributedDataParallel
from torch import nn

from tpn_tsn_plugin.compat.repair import Repair


def found() -> bool:
    """Tell whether there is no GPU and the launcher asks for one all the same."""
    launch = getattr(dist_utils, '_init_dist_pytorch', None)
    if launch is None or get_device() != 'cpu':
        return False
    names = launch.__code__.co_names
    # A launcher that looks for a GPU first would call torch.cuda.is_available.
    return 'set_device' in names and 'is_available' not in names


def repair() -> None:
    """Let the launchers and the model wrapper work on the CPU."""
    _repair_launcher()
    _repair_slurm()
    _repair_wrapper()


def _repair_launcher() -> None:
    original = dist_utils._init_dist_pytorch

    @functools.wraps(original)
    def launch(backend: str, init_backend: str = 'torch', **kwargs: Any) -> None:
        if init_backend != 'torch':
            original(backend, init_backend=init_backend, **kwargs)
            return
        backend = _usable(backend, os.environ.get('RANK'))
        torch.distributed.init_process_group(backend=backend, **kwargs)

    dist_utils._init_dist_pytorch = launch


def _repair_slurm() -> None:
    original = dist_utils._init_dist_slurm

    @functools.wraps(original)
    def launch(backend: str, **kwargs: Any) -> None:
        # All else that it does, reading Slurm's environment, is needed here as well.
        set_device = torch.cuda.set_device
        torch.cuda.set_device = lambda device: None
        try:
            original(_usable(backend, os.environ.get('SLURM_PROCID')), **kwargs)
        finally:
            torch.cuda.set_device = set_device

    dist_utils._init_dist_slurm = launch


def _usable(backend: str, rank: str | None) -> str:
    """The backend, or the one for CPUs in place of the one for GPUs."""
    if backend != 'nccl':
        return backend
    # Every process believes itself rank 0 until the group exists.
    if rank in (None, '0'):
        print_log(
            'No GPU on this machine: the processes talk through gloo instead of nccl.',
            logger='current',
        )
    return 'gloo'


def _repair_wrapper() -> None:
    original = MMDistributedDataParallel.__init__

    @functools.wraps(original)
    def initialise(
        self: nn.Module, module: nn.Module, *args: Any, **kwargs: Any
    ) -> None:
        if all(parameter.device.type == 'cpu' for parameter in module.parameters()):
            kwargs['device_ids'] = None
        original(self, module, *args, **kwargs)

    MMDistributedDataParallel.__init__ = initialise


REPAIR = Repair(
    name='data-parallel CPU training',
    upstream='mmengine, no issue known',
    effect='`--launcher pytorch` (or slurm) runs gloo processes where there is no GPU',
    found=found,
    repair=repair,
)
