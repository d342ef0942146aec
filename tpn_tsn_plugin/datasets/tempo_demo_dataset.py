"""The demo data as a dataset that makes itself."""

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
    SPLITS,
    TempoOptions,
    generate,
    progress,
)


@DATASETS.register_module()
class TempoDemoDataset(CheckedVideoDataset):
    """Generated clips whose class is a motion at a tempo.

    The data are made when the dataset is built (with ``lazy_init``, when it is first
    used), by one process while the others wait, and are found complete from then on.

    Args:
        pipeline: Data transforms.
        data_root: Folder of the data.
        split: ``'train'``, ``'val'``, ``'test'``, or ``'untrimmed'`` for the
            multi-label list of untrimmed videos.
        seed: Seed of all random streams.
        num_videos: Sizes of some or all splits, e.g. ``dict(train=120)``.
        scene: Fields of ``SceneOptions`` that differ from their default.
        workers: Processes that make the data, None for all cores.
        **kwargs: Arguments of ``CheckedVideoDataset``.

    Raises:
        ValueError: ``split``, or a key of ``num_videos`` or ``scene``, is unknown.
        DemoDataError: ``data_root`` holds other data.
    """

    METAINFO: ClassVar[dict[str, Any]] = {'classes': CLASS_NAMES}

    def __init__(
        self,
        pipeline: list[Any],
        data_root: str = DEFAULT_ROOT,
        split: str = 'train',
        *,
        seed: int = 0,
        num_videos: Mapping[str, int] | None = None,
        scene: Mapping[str, Any] | None = None,
        workers: int | None = None,
        **kwargs: Any,
    ) -> None:
        require_one_of('split', split, SPLITS)
        self.options = TempoOptions.from_dicts(seed, num_videos, scene)
        self.workers = workers
        if split == 'untrimmed':
            kwargs.update(multi_class=True, allow_background=True)
        super().__init__(
            f'{split}.txt',
            pipeline,
            data_root=data_root,
            num_classes=len(CLASS_NAMES),
            **kwargs,
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Make the data unless they are there, then read the split's list."""
        log = partial(print_log, logger='current')
        with progress(f'demo videos in {self.data_root}', log) as report:
            root = Path(self.data_root)
            generate(root, self.options, self.workers, report=report)
        return super().load_data_list()
