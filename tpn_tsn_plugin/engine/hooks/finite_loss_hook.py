"""A loss that is no number stops training, or its step is left out."""

import copy
from itertools import islice
from typing import Any

import torch
from mmengine.dist import all_reduce
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner
from torch import Tensor

from tpn_tsn_plugin.engine.inner_datasets import inner_datasets
from tpn_tsn_plugin.errors import (
    NonFiniteLossError,
    require_one_of,
    require_positive_int,
)
from tpn_tsn_plugin.registry import HOOKS

ACTIONS = ('stop', 'skip')
NAMES_SHOWN = 16
# What a sample is called, the first that it has.
NAME_KEYS = ('video_id', 'filename', 'frame_dir')


@HOOKS.register_module()
class FiniteLossHook(Hook):
    """Looks at each loss before weights learn from it.

    ``custom_hooks = [dict(type='FiniteLossHook')]``. Where the loss of a rank is NaN or
    infinite no weight is changed on any rank, and the batch's samples are named. With
    ``'skip'`` buffers, such as batch statistics, are then as before the step, too; they
    are copied before each one. In data-parallel training each step waits for one number
    from all ranks.

    Args:
        action: ``'stop'``, or ``'skip'`` to go on with the next batch.
        max_skips: Steps in a row that may be left out before training stops after all.

    Raises:
        NonFiniteLossError: While training: a loss is NaN or infinite.
        ValueError: An option is out of range, or several optimisers are used.
    """

    def __init__(self, action: str = 'stop', max_skips: int = 10) -> None:
        require_one_of('action', action, ACTIONS)
        require_positive_int('max_skips', max_skips)
        self.action = action
        self.max_skips = max_skips
        self._skipped = 0
        self._buffers: list[tuple[Tensor, Tensor]] = []

    def before_train(self, runner: Runner) -> None:
        """Look at what the optimiser is given."""
        wrapper = runner.optim_wrapper
        if not isinstance(wrapper, OptimWrapper):
            raise ValueError(
                f'FiniteLossHook knows one optimiser, got {type(wrapper).__name__}'
            )
        update = wrapper.update_params

        def update_if_finite(loss: Tensor, *args: Any, **kwargs: Any) -> None:
            if self._all_finite(loss):
                self._skipped = 0
                update(loss, *args, **kwargs)
            else:
                self._refuse(runner, loss)
                _count_step(wrapper)

        wrapper.update_params = update_if_finite

    def before_train_iter(
        self, runner: Runner, batch_idx: int, data_batch: Any = None
    ) -> None:
        """Remember the batch, and what its forward pass will change."""
        self._batch = batch_idx, data_batch
        if self.action == 'skip':
            # Batch statistics learn before there is a loss.
            self._buffers = [(b, b.clone()) for b in runner.model.buffers()]

    def _all_finite(self, loss: Tensor) -> bool:
        finite = loss.detach().isfinite().all().to(torch.int32)
        # All ranks leave a step out, or none: they wait for each other's gradients.
        all_reduce(finite, 'min')
        return bool(finite)

    def _refuse(self, runner: Runner, loss: Tensor) -> None:
        self._skipped += 1
        own = float(loss.detach())
        what = (
            f'the loss is {own} in iteration {runner.iter + 1} (epoch '
            f'{runner.epoch + 1}); the samples of this rank are '
            f'{names_of_batch(runner, *self._batch)}'
        )
        if self.action == 'stop':
            raise NonFiniteLossError(
                f'{what}; lower the learning rate, clip gradients, or look at these '
                "samples (FiniteLossHook(action='skip') leaves such steps out)"
            )
        if self._skipped > self.max_skips:
            raise NonFiniteLossError(
                f'{what}; that was step {self._skipped} in a row, more than '
                f'max_skips={self.max_skips} allows: the weights may be at fault'
            )
        with torch.no_grad():
            for buffer, before in self._buffers:
                buffer.copy_(before)
        runner.logger.warning(f'Step left out: {what}.')


def names_of_batch(runner: Runner, batch_idx: int, data_batch: Any) -> str:
    """What the samples of a batch are called, as far as anything tells.

    Args:
        runner: The runner, with MMEngine's samplers.
        batch_idx: Number of the batch in its epoch, or of all where iterations count.
        data_batch: The batch.
    """
    samples = data_batch.get('data_samples') or ()
    names = [_name_of(sample) for sample in samples]
    if not all(names):
        names = _names_of_order(runner, batch_idx) or names
    shown = ', '.join(str(name) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return shown + (f' and {more} more' if more > 0 else '')


def _names_of_order(runner: Runner, batch_idx: int) -> list[str]:
    """Names by the sampler's order, which is the same each time that it is asked."""
    loader = runner.train_dataloader
    sampler, size = copy.copy(loader.sampler), loader.batch_size
    if size is None:
        return []
    if hasattr(sampler, 'start_at'):
        sampler.start_at(0)
    keys = list(islice(iter(sampler), batch_idx * size, (batch_idx + 1) * size))
    indices = [int(getattr(key, 'index', key)) for key in keys]
    if not all(hasattr(own, 'get_data_info') for own in inner_datasets(loader.dataset)):
        return [f'sample {index}' for index in indices]
    infos = [loader.dataset.get_data_info(index) for index in indices]
    return [
        str(_name_of(info) or f'sample {index}')
        for info, index in zip(infos, indices, strict=True)
    ]


def _name_of(sample: Any) -> Any:
    return next((sample.get(key) for key in NAME_KEYS if sample.get(key)), None)


def _count_step(wrapper: OptimWrapper) -> None:
    """Count a step that was left out; where gradients are added up, use the others'."""
    wrapper._inner_count += 1
    if wrapper._accumulative_counts > 1 and wrapper.should_update():
        wrapper.step()
        wrapper.zero_grad()
