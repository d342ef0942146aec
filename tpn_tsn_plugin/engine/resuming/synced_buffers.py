"""Batch statistics that a checkpoint within an epoch holds for all ranks."""

from typing import Any

from mmengine.dist import all_reduce_params, get_world_size
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner


class SyncedBuffersHook(Hook):
    """Averages the ranks' batch statistics before a checkpoint within an epoch.

    MMEngine's ``SyncBuffersHook`` does so after an epoch. A checkpoint has those of the
    first rank: the others' would be lost with a killed training, and validation, which
    averages them, would score another model than the one that was saved.
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
        """Average where a checkpoint follows."""
        if get_world_size() > 1 and any(
            isinstance(hook, CheckpointHook) and self._saves_now(runner, hook)
            for hook in runner.hooks
        ):
            all_reduce_params(runner.model.buffers(), op='mean')

    def _saves_now(self, runner: Runner, hook: CheckpointHook) -> bool:
        """As the hook decides for checkpoints that are counted in steps."""
        last = hook.save_last and self.is_last_train_iter(runner)
        return not hook.by_epoch and (
            last or self.every_n_train_iters(runner, hook.interval, hook.save_begin)
        )
