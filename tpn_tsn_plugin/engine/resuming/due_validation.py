"""Validations that a kill has kept from happening, made up for."""

from bisect import bisect
from typing import Any

from mmengine.hooks import CheckpointHook, Hook, SyncBuffersHook
from mmengine.runner import BaseLoop, EpochBasedTrainLoop, Runner

# What a checkpoint's message hub says of the validation at its place.
IS_DUE = 'validation_is_due'


class DueValidationHook(Hook):
    """Tells checkpoints whether the validation that belongs to them is still to come.

    MMEngine saves before it validates, so what a kill interrupts would never be scored:
    no metrics in the log, and nothing for the best checkpoint, early stopping and
    schedules that wait for a metric to see.
    """

    # Before what saves.
    priority = 'LOW'

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
    ) -> None:
        """Look whether it follows, where iterations count."""
        loop = runner.train_loop
        if not isinstance(loop, EpochBasedTrainLoop):
            self._note(runner, is_due(loop, runner.iter + 1, runner.max_iters))

    def after_train_epoch(self, runner: Runner) -> None:
        """Look whether it follows, where epochs count."""
        loop = runner.train_loop
        if isinstance(loop, EpochBasedTrainLoop):
            self._note(runner, is_due(loop, runner.epoch + 1, runner.max_epochs))

    def after_val_epoch(
        self, runner: Runner, metrics: dict[str, float] | None = None
    ) -> None:
        """Its end."""
        self._note(runner, False)

    def _note(self, runner: Runner, due: bool) -> None:
        runner.message_hub.update_info(IS_DUE, due)


def is_due(loop: BaseLoop, done: int, end: int) -> bool:
    """Whether validation follows.

    Args:
        loop: One of MMEngine's training loops.
        done: Epochs or iterations that are done.
        end: How many there will be.
    """
    stage = bisect(loop.dynamic_milestones, done + 1)
    interval = loop.dynamic_intervals[stage - 1]
    return (
        loop.runner.val_loop is not None
        and done >= loop.val_begin
        and (done % interval == 0 or done == end)
    )


def make_up_for_validation(runner: Runner) -> None:
    """Validate where a checkpoint says that this was still to come."""
    known = runner.message_hub.runtime_info
    # Without a checkpoint the hub may be that of an earlier run in this process.
    was_due = runner.iter > 0 and known.get(IS_DUE)
    if not was_due or runner.val_loop is None:
        return
    for hook in runner.hooks:
        if isinstance(hook, SyncBuffersHook):
            # The checkpoint holds the ranks' average, which is not taken twice.
            hook.called_in_train = True
        if isinstance(hook, CheckpointHook):
            # It saves this one again, with the best score in it.
            hook.last_ckpt = known.get('last_ckpt')
    runner.logger.info('The validation that was due at the checkpoint is made up for.')
    runner.val_loop.run()
