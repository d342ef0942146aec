"""The demo data of the instances task as a dataset that makes itself."""

from typing import Any, ClassVar

from tpn_tsn_plugin.registry import DATASETS

from .tempo_demo import INSTANCES
from .tempo_demo.dataset import DemoVideoDataset
from .tempo_demo.task import DemoTask


@DATASETS.register_module()
class InstancesDemoDataset(DemoVideoDataset):
    """Generated clips of one cycle of a motion at a tempo, with rest around it.

    The classes are those of ``TempoDemoDataset``. Made to measure tempo, so there are
    test clips only unless ``num_videos`` asks for others.

    Args:
        pipeline: Data transforms.
        data_root: Folder of the data, None for ``work_dirs/demo_data/instances``.
        split: ``'train'``, ``'val'`` or ``'test'``.
        **kwargs: Arguments of ``DemoVideoDataset``: ``modality``, ``seed``,
            ``num_videos``, ``scene`` (fields of ``InstanceSceneOptions``), ``workers``.

    Raises:
        ValueError: An option cannot be used.
        DemoDataError: ``data_root`` holds other data.
    """

    METAINFO: ClassVar[dict[str, Any]] = {'classes': INSTANCES.class_names}
    TASK: ClassVar[DemoTask] = INSTANCES
