"""The demo data as a dataset that makes itself."""

import os.path as osp
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from mmengine.logging import print_log

from tpn_tsn_plugin.errors import require_one_of
from tpn_tsn_plugin.registry import DATASETS

from .checked_video_dataset import CheckedVideoDataset
from .tempo_demo import (
    CLASS_NAMES,
    DEFAULT_ROOT,
    FIELD_TEMPLATE,
    FIRST_FIELD,
    SPLITS,
    TEMPO_BANDS_HZ,
    TRIMMED_SPLITS,
    TempoOptions,
    extract_optical_flow,
    generate,
    optical_flow_folder,
    progress,
)


@DATASETS.register_module()
class TempoDemoDataset(CheckedVideoDataset):
    """Generated clips whose class is a motion at a tempo.

    The data are made when the dataset is built (with ``lazy_init``, when it is first
    used), by one process while the others wait, and are found complete from then on.
    So is the optical flow of the split, of which samples have the folder of JPEG files
    in place of the video. All samples carry ``video_id``, the video's path in
    ``data_root``, whatever their modality.

    Args:
        pipeline: Data transforms.
        data_root: Folder of the data; optical flow lies beside it, in
            ``{data_root}_optical_flow``.
        split: ``'train'``, ``'val'``, ``'test'``, or for the multi-label lists of
            untrimmed videos ``'untrimmed'`` (to test with) or ``'untrimmed_train'``.
        modality: ``'RGB'``, or ``'Flow'`` for optical flow.
        tasks: Whether a trimmed clip's label is two class indices, its motion and its
            tempo, as ``MultiTaskHead`` reads them.
        seed: Seed of all random streams.
        num_videos: Sizes of some or all splits, e.g. ``dict(train=120)``.
        scene: Fields of ``SceneOptions`` that differ from their default.
        workers: Processes that make the data, None for all cores.
        **kwargs: Arguments of ``CheckedVideoDataset``.

    Raises:
        ValueError: ``split`` or ``modality`` is unknown, the split empty or none for
            ``tasks``, or a key of ``num_videos`` or ``scene`` is unknown.
        DemoDataError: ``data_root`` holds other data.
    """

    METAINFO: ClassVar[dict[str, Any]] = {'classes': CLASS_NAMES}

    def __init__(
        self,
        pipeline: list[Any],
        data_root: str = DEFAULT_ROOT,
        split: str = 'train',
        *,
        modality: str = 'RGB',
        tasks: bool = False,
        seed: int = 0,
        num_videos: Mapping[str, int] | None = None,
        scene: Mapping[str, Any] | None = None,
        workers: int | None = None,
        **kwargs: Any,
    ) -> None:
        require_one_of('split', split, SPLITS)
        require_one_of('modality', modality, ['RGB', 'Flow'])
        self.options = TempoOptions.from_dicts(seed, num_videos, scene)
        if self.options.count(split) == 0:
            raise ValueError(
                f'split {split!r} has no videos; ask for some, e.g. '
                f'num_videos=dict({split}=48)'
            )
        if tasks and split not in TRIMMED_SPLITS:
            raise ValueError(
                f'tasks=True needs one of the splits {list(TRIMMED_SPLITS)}, whose '
                f'videos show one action, got {split!r}'
            )
        self.split = split
        self.tasks = tasks
        self.workers = workers
        if split not in TRIMMED_SPLITS:
            kwargs.update(multi_class=True, allow_background=True)
        if modality == 'Flow':
            kwargs.setdefault('start_index', FIRST_FIELD)
        super().__init__(
            f'{split}.txt',
            pipeline,
            data_root=data_root,
            num_classes=len(CLASS_NAMES),
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
        for sample in samples:
            path = osp.relpath(sample['filename'], self.data_prefix['video'])
            sample['video_id'] = Path(path).as_posix()
            if self.tasks:
                sample['label'] = list(divmod(sample['label'], len(TEMPO_BANDS_HZ)))
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
