"""The hook that keeps bad videos from stopping a training, and tells of them."""

from datetime import datetime
from pathlib import Path
from typing import Any

from mmengine.dataset import BaseDataset
from mmengine.dist import broadcast_object_list
from mmengine.hooks import Hook
from mmengine.runner import BaseLoop, Runner

from tpn_tsn_plugin.engine.inner_datasets import inner_datasets
from tpn_tsn_plugin.errors import BadVideoError, require_one_of, require_positive_int
from tpn_tsn_plugin.registry import HOOKS

from .crash_watch import CRASH_FILE, CrashWatch
from .guarded_preparation import BAD_VIDEOS, GuardedPreparation
from .report_file import REPORT_FILE, ReportFile
from .skipping import skip_bad_videos

TESTING = ('fail', 'skip')


@HOOKS.register_module()
class BadVideoHook(Hook):
    """Replaces, counts and reports videos that cannot be read.

    ``custom_hooks = [dict(type='BadVideoHook')]``; works with the data sets of
    MMAction2, MMEngine and this package, for videos and for folders of frames.

    - In training another sample of the data set takes the place of a bad one. The log
      names each bad video once, a summary follows each epoch, and
      ``bad_videos.jsonl`` in the work dir has a line for each bad video of each run,
      whichever rank met it.
    - Validation while training leaves bad videos out of its metrics, and adds
      ``coverage`` to them, the share of videos that count.
    - Testing stops at a bad video and names it, or leaves it out in the same way.
    - A video that crashes its decoder ends the run, which names it. Started again with
      ``--resume``, it is a bad video until the file is changed;
      ``crashing_videos.jsonl`` names it.

    Whatever a pipeline raises counts as a bad video, except that memory is used up.
    :class:`CheckedVideoDataset` refuses lists with missing files beforehand; with
    ``check_videos=False`` these are bad videos, too.

    Args:
        max_bad_fraction: Share of the training videos that may be bad; where more of
            them are met, in one run and on all ranks, training stops.
        max_tries: Samples that are tried one after the other before training stops.
        testing: ``'fail'`` or ``'skip'``.

    Raises:
        BadVideoError: While running: there are too many bad videos, or one in testing.
        ValueError: An option is out of range, or a data set is not MMEngine's.
    """

    # Before the hooks that log and save.
    priority = 'NORMAL'

    def __init__(
        self,
        max_bad_fraction: float = 0.05,
        max_tries: int = 10,
        testing: str = 'fail',
    ) -> None:
        if not 0 <= max_bad_fraction <= 1:
            raise ValueError(
                f'max_bad_fraction must be from 0 to 1, got {max_bad_fraction}'
            )
        require_positive_int('max_tries', max_tries)
        require_one_of('testing', testing, TESTING)
        self.max_bad_fraction = max_bad_fraction
        self.max_tries = max_tries
        self.testing = testing
        self._replaced = 0

    def before_run(self, runner: Runner) -> None:
        """Guard all data sets that will be read."""
        # Of the first rank: the time when the run starts.
        run = [datetime.now().isoformat(timespec='milliseconds')]
        broadcast_object_list(run)
        self._report = ReportFile(Path(runner.work_dir) / REPORT_FILE, run[0])
        loops = (runner._train_loop, runner._val_loop, runner._test_loop)
        for name, loop in zip(('train', 'val', 'test'), loops):
            if isinstance(loop, BaseLoop):
                record = Path(runner.work_dir) / CRASH_FILE
                watch = CrashWatch(record, loop.dataloader.num_workers)
                watch.watch(loop)
                replace = name != 'test' or self.testing == 'skip'
                self._guard(loop, replace=replace, watch=watch)
                for metric in getattr(getattr(loop, 'evaluator', None), 'metrics', ()):
                    skip_bad_videos(metric)

    def _after_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: Any = None,
        mode: str = 'train',
    ) -> None:
        """Report a batch's bad videos; stop training where there are too many."""
        samples = data_batch.get('data_samples') or ()
        found = [video for own in samples for video in own.get(BAD_VIDEOS, ())]
        if not found:
            return
        what = 'another one takes its place' if mode == 'train' else 'it is left out'
        new = self._report.add(mode, found)
        for video in new:
            runner.logger.warning(f'Bad video {video.path} ({video.reason}); {what}.')
        if mode == 'train':
            self._replaced += sum(bool(own.get(BAD_VIDEOS)) for own in samples)
            if new:
                self._require_few(len(runner.train_dataloader.dataset))

    def _require_few(self, total: int) -> None:
        bad = self._report.count('train')
        if bad / total > self.max_bad_fraction:
            raise BadVideoError(
                f'{bad} of {total} training videos cannot be read, more than '
                f'max_bad_fraction={self.max_bad_fraction:g} allows; '
                f'{self._report.path} names them'
            )

    def after_train_epoch(self, runner: Runner) -> None:
        """Sum up."""
        bad = self._report.count('train')
        if bad:
            runner.logger.warning(
                f'Epoch {runner.epoch + 1}: {bad} of '
                f'{len(runner.train_dataloader.dataset)} training videos are bad, '
                f'{self._replaced} samples of this rank were replaced; see '
                f'{self._report.path}'
            )
        self._replaced = 0

    def _guard(self, loop: BaseLoop, replace: bool, watch: CrashWatch) -> None:
        for dataset in inner_datasets(loop.dataloader.dataset):
            if not isinstance(dataset, BaseDataset):
                raise ValueError(
                    "BadVideoHook guards MMEngine's data sets, got a "
                    f'{type(dataset).__name__}; derive it from BaseDataset'
                )
            dataset.prepare_data = GuardedPreparation(
                dataset, replace=replace, tries=self.max_tries, watch=watch
            )
        if hasattr(loop, 'dataloader_iterator'):
            # The workers of loops that count iterations run already, without the guard.
            loop.dataloader._iterator = None
            loop.dataloader_iterator = type(loop.dataloader_iterator)(loop.dataloader)
