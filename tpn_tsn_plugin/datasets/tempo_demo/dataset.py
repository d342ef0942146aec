"""Datasets that make their own videos."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from mmengine.logging import print_log

from tpn_tsn_plugin.datasets.checked_video_dataset import CheckedVideoDataset
from tpn_tsn_plugin.datasets.progress import progress
from tpn_tsn_plugin.errors import require_one_of

from .extraction import (
    FIELD_TEMPLATE,
    FIRST_FIELD,
    extract_optical_flow,
    optical_flow_folder,
)
from .generate import generate
from .task import DemoTask
from .task_options import TRIMMED_SPLITS


class DemoVideoDataset(CheckedVideoDataset):
    """Generated videos of a task.

    The data are made when the dataset is built (with ``lazy_init``, when it is first
    used), by one process while the others wait, and are found complete from then on.
    So is the optical flow of the split, of which samples have the folder of JPEG files
    in place of the video, and the same ``video_id``.

    Attributes:
        TASK: The task.

    Args:
        pipeline: Data transforms.
        data_root: Folder of the data, None for the task's own; optical flow lies beside
            it, in ``{data_root}_optical_flow``.
        split: One of the task's splits.
        modality: ``'RGB'``, or ``'Flow'`` for optical flow.
        seed: Seed of all random streams.
        num_videos: Sizes of some or all splits, e.g. ``dict(train=120)``.
        scene: Options of the scene that differ from their default.
        workers: Processes that make the data, None for all cores.
        **kwargs: Arguments of ``CheckedVideoDataset``.

    Raises:
        ValueError: ``split`` or ``modality`` is unknown, the split empty, or a key of
            ``num_videos`` or ``scene`` is unknown.
        DemoDataError: ``data_root`` holds other data.
    """

    TASK: ClassVar[DemoTask]

    def __init__(
        self,
        pipeline: list[Any],
        data_root: str | None = None,
        split: str = 'train',
        *,
        modality: str = 'RGB',
        seed: int = 0,
        num_videos: Mapping[str, int] | None = None,
        scene: Mapping[str, Any] | None = None,
        workers: int | None = None,
        **kwargs: Any,
    ) -> None:
        require_one_of('split', split, self.TASK.options.SPLITS)
        require_one_of('modality', modality, ['RGB', 'Flow'])
        self.options = self.TASK.options.from_dicts(seed, num_videos, scene)
        if self.options.count(split) == 0:
            raise ValueError(
                f'split {split!r} has no videos; ask for some, e.g. '
                f'num_videos=dict({split}=48)'
            )
        self.split = split
        self.workers = workers
        if split not in TRIMMED_SPLITS:
            kwargs.update(multi_class=True, allow_background=True)
        if modality == 'Flow':
            kwargs.setdefault('start_index', FIRST_FIELD)
        super().__init__(
            f'{split}.txt',
            pipeline,
            data_root=data_root or self.TASK.default_root,
            num_classes=len(self.TASK.class_names),
            modality=modality,
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Make the data unless they are there, then read the split's list."""
        log = partial(print_log, logger='current')
        root = Path(self.data_root)
        with progress(f'demo videos in {root}', log) as report:
            generate(root, self.options, self.workers, report=report)
        samples = super().load_data_list()
        if self.modality == 'RGB':
            return samples
        folder = optical_flow_folder(root, self.split)
        with progress(f'demo optical flow in {folder}', log) as report:
            counts = extract_optical_flow(
                root, self.split, self.options, self.workers, report
            )
        return [self._as_fields(sample, folder, counts) for sample in samples]

    def _as_fields(
        self, sample: dict[str, Any], folder: Path, counts: dict[str, int]
    ) -> dict[str, Any]:
        """Point a sample at its optical flow, with nothing left to read as RGB."""
        name = Path(sample.pop('filename')).stem
        return {
            **sample,
            'frame_dir': str(folder / name),
            'filename_tmpl': FIELD_TEMPLATE,
            'total_frames': counts[name],
            'avg_fps': float(self.options.scene.fps),
        }
