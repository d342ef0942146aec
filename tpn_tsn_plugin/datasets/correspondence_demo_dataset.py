"""The demo data of the correspondence task as a dataset that makes itself."""

from typing import Any, ClassVar

from tpn_tsn_plugin.registry import DATASETS

from .tempo_demo import CORRESPONDENCE
from .tempo_demo.dataset import DemoVideoDataset
from .tempo_demo.task import DemoTask


@DATASETS.register_module()
class CorrespondenceDemoDataset(DemoVideoDataset):
    """Generated clips whose class is the object that moves, and its motion.

    Four objects stand in the picture, told apart by their hue. A frame tells nothing of
    the class (chance 1/16); optical flow tells the motion, not which object is at its
    place (1/4), and no average of two predictions tells more. Features that are fused
    place by place tell both. Folder and splits are as follows, all else is that of
    ``DemoVideoDataset``.

    Args:
        pipeline: Data transforms.
        data_root: Folder of the data, None for ``work_dirs/demo_data/correspondence``.
        split: ``'train'``, ``'val'`` or ``'test'``.
        **kwargs: Arguments of ``DemoVideoDataset``: ``modality``, ``seed``,
            ``num_videos``, ``scene`` (fields of ``CorrespondenceScene``), ``workers``.

    Raises:
        ValueError: An option cannot be used.
        DemoDataError: ``data_root`` holds other data.
    """

    METAINFO: ClassVar[dict[str, Any]] = {'classes': CORRESPONDENCE.class_names}
    TASK: ClassVar[DemoTask] = CORRESPONDENCE
