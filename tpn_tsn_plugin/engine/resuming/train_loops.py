"""MMEngine's two training loops, resumed at the next sample and bit for bit."""

from collections.abc import Sequence
from typing import Any

from mmengine.dist import broadcast_object_list, get_rank, get_world_size
from mmengine.runner import EpochBasedTrainLoop, IterBasedTrainLoop, Runner
from torch.utils.data import DataLoader

from tpn_tsn_plugin.engine.named_checkpoints import name_faulty_checkpoints
from tpn_tsn_plugin.registry import DATASETS, LOOPS

from .checkpoints import (
    checkpoint_hooks,
    keep_whole_checkpoints,
    mend_last_checkpoint,
)
from .due_validation import DueValidationHook, is_due, make_up_for_validation
from .resumable_sampler import ResumableSampler
from .seeded_dataset import SeededDataset
from .seeds import seed_step
from .synced_buffers import SyncedBuffersHook

# What a checkpoint's message hub says of the data.
COUNTS = 'resumable_counts'
# Samplers whose order ours takes over.
SAMPLERS = ('DefaultSampler', 'InfiniteSampler', 'ResumableSampler')


@LOOPS.register_module()
class ResumableEpochLoop(EpochBasedTrainLoop):
    """``EpochBasedTrainLoop`` that a killed training resumes inside an epoch.

    ``train_cfg = dict(type='ResumableEpochLoop', max_epochs=…)`` is all that a config
    needs. A training that is resumed (``--resume``) sees the samples after its last
    checkpoint, each as it would have been augmented, and ends on a CPU with the weights
    of a training that was never interrupted, bit by bit: with any number of workers,
    and as many ranks, threads and videos in a batch.

    - Random numbers belong to a sample and its epoch, or to a step
      (``tpn_tsn_plugin.engine.resuming.seeds``).
    - The order of samples is that of :class:`ResumableSampler`.
    - Checkpoints are written whole or not at all, and the last one and the best one are
      deleted only when the next is there. For some in an epoch use
      ``default_hooks.checkpoint=dict(by_epoch=False, interval=…)``.
    - A validation that was to follow the last checkpoint comes first.

    Args:
        runner: The runner.
        dataloader: Options of the data loader, with one of MMEngine's samplers.
        **kwargs: As ``EpochBasedTrainLoop``.

    Raises:
        ValueError: The data loader has another sampler or a batch sampler, or gradients
            would be accumulated across a checkpoint.
    """

    def __init__(
        self, runner: Runner, dataloader: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(runner, _prepare(runner, dataloader, endless=False), **kwargs)

    def run(self) -> Any:
        """Train."""
        _take_seed(self.runner, self.dataloader)
        _require_whole_steps(self.runner, len(self.dataloader))
        if not _counts_as_before(self.runner, self.dataloader):
            self._iter = self._epoch * len(self.dataloader)
        self.runner.call_hook('before_train')
        make_up_for_validation(self.runner)
        while self._epoch < self._max_epochs and not self.stop_training:
            self.run_epoch()
            self._decide_current_val_interval()
            if is_due(self, self._epoch, self._max_epochs):
                self.runner.val_loop.run()
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_epoch(self) -> None:
        """Train for what is left of an epoch."""
        done = self._iter - self._epoch * len(self.dataloader)
        self.runner.call_hook('before_train_epoch')
        # The hook that tells the sampler of the epoch has it start anew.
        self.dataloader.sampler.start_at(done * self.dataloader.batch_size)
        self.runner.model.train()
        for number, batch in enumerate(self.dataloader, done):
            self.run_iter(number, batch)
        self.runner.call_hook('after_train_epoch')
        self._epoch += 1

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Train with a batch."""
        seed_step(self.runner.seed, get_rank(), self._iter)
        super().run_iter(idx, data_batch)


@LOOPS.register_module()
class ResumableIterLoop(IterBasedTrainLoop):
    """``IterBasedTrainLoop`` that goes on with the next sample, at once.

    MMEngine's own loads all batches again that were seen before. All else is as with
    :class:`ResumableEpochLoop`.

    Args:
        runner: The runner.
        dataloader: Options of the data loader, with one of MMEngine's samplers.
        **kwargs: As ``IterBasedTrainLoop``.

    Raises:
        ValueError: As :class:`ResumableEpochLoop`.
    """

    def __init__(
        self, runner: Runner, dataloader: dict[str, Any], **kwargs: Any
    ) -> None:
        super().__init__(runner, _prepare(runner, dataloader, endless=True), **kwargs)

    def run(self) -> Any:
        """Train."""
        _take_seed(self.runner, self.dataloader)
        _require_whole_steps(self.runner)
        _counts_as_before(self.runner, self.dataloader)
        self.runner.call_hook('before_train')
        self.runner.call_hook('before_train_epoch')
        make_up_for_validation(self.runner)
        # After the hook that tells the sampler of an epoch, which makes it start anew.
        # The first iterator was made before the runner knew where training goes on.
        self.dataloader.sampler.start_at(self._iter * self.dataloader.batch_size)
        self.dataloader_iterator = iter(self.dataloader)
        while self._iter < self._max_iters and not self.stop_training:
            self.runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            self._decide_current_val_interval()
            if is_due(self, self._iter, self._max_iters):
                self.runner.val_loop.run()
        self.runner.call_hook('after_train_epoch')
        self.runner.call_hook('after_train')
        return self.runner.model

    def run_iter(self, data_batch: Sequence[dict]) -> None:
        """Train with a batch."""
        seed_step(self.runner.seed, get_rank(), self._iter)
        super().run_iter(data_batch)


def _prepare(runner: Runner, options: dict[str, Any], endless: bool) -> DataLoader:
    """Care for the checkpoints, and make the data loader with our order and seeds."""
    mend_last_checkpoint(runner)
    keep_whole_checkpoints(runner)
    name_faulty_checkpoints(runner)
    runner.register_hook(SyncedBuffersHook())
    runner.register_hook(DueValidationHook())
    options = dict(options)
    sampler = dict(options.get('sampler') or {})
    kind = sampler.get('type', SAMPLERS[0])
    name = kind if isinstance(kind, str) else kind.__name__
    batches = (options.get('batch_sampler') or {}).get('type')
    if name.rpartition('.')[2] not in SAMPLERS or batches is not None:
        raise ValueError(
            f'resumable training knows the orders of {", ".join(SAMPLERS)}, got the '
            f'sampler {name} and the batch sampler {batches}; take one of those, or '
            "MMEngine's own training loop"
        )
    dataset = DATASETS.build(options['dataset'])
    if hasattr(dataset, 'full_init'):
        dataset.full_init()
    options['dataset'] = SeededDataset(dataset)
    options['sampler'] = dict(
        type=ResumableSampler.__name__,
        shuffle=sampler.get('shuffle', True),
        endless=endless,
    )
    return runner.build_dataloader(options, seed=0)


def _take_seed(runner: Runner, dataloader: Any) -> None:
    """Use the runner's seed, which a checkpoint may have brought; of the first rank."""
    seeds = [runner.seed]
    broadcast_object_list(seeds)
    dataloader.sampler.seed = seeds[0]


def _counts_as_before(runner: Runner, dataloader: Any) -> bool:
    """Whether steps take the samples that they took before the training was resumed."""
    now = dict(
        samples=len(dataloader.dataset),
        batch_size=dataloader.batch_size,
        ranks=get_world_size(),
    )
    hub = runner.message_hub
    before = hub.runtime_info.get(COUNTS, now)
    # Checkpoints keep it.
    hub.update_info(COUNTS, now)
    if before != now:
        runner.logger.warning(
            f'The training was interrupted with {before} and goes on with {now}: not '
            'with the next sample, but at the start of an epoch, or as many steps on.'
        )
    return bool(before == now)


def _require_whole_steps(runner: Runner, epoch: int | None = None) -> None:
    """Check that no checkpoint lies between gradients that are added up."""
    count = getattr(runner.optim_wrapper, '_accumulative_counts', 1)
    for hook in checkpoint_hooks(runner):
        interval = epoch if hook.by_epoch else hook.interval
        if interval is not None and interval > 0 and interval % count:
            raise ValueError(
                f'a checkpoint every {interval} steps would lose gradients that are '
                f'added up over {count} steps (accumulative_counts); save at multiples '
                'of it'
            )
