"""The demo data of the tempo task as a dataset that makes itself."""

from typing import Any, ClassVar

from tpn_tsn_plugin.registry import DATASETS

from .tempo_demo import TEMPO, TEMPO_BANDS_HZ, TRIMMED_SPLITS
from .tempo_demo.dataset import DemoVideoDataset
from .tempo_demo.task import DemoTask


@DATASETS.register_module()
class TempoDemoDataset(DemoVideoDataset):
    """Generated clips whose class is a motion at a tempo.

    All samples carry ``video_id``, the video's path in ``data_root``, whatever their
    modality.

    Args:
        pipeline: Data transforms.
        data_root: Folder of the data, None for ``work_dirs/demo_data/tempo``.
        split: ``'train'``, ``'val'``, ``'test'``, or for the multi-label lists of
            untrimmed videos ``'untrimmed'`` (to test with) or ``'untrimmed_train'``.
        tasks: Whether a trimmed clip's label is two class indices, its motion and its
            tempo, as ``MultiTaskHead`` reads them.
        **kwargs: Arguments of ``DemoVideoDataset``: ``modality``, ``seed``,
            ``num_videos``, ``scene`` (fields of ``SceneOptions``), ``workers``.

    Raises:
        ValueError: The split is none for ``tasks``, or an option of
            ``DemoVideoDataset`` cannot be used.
        DemoDataError: ``data_root`` holds other data.
    """

    METAINFO: ClassVar[dict[str, Any]] = {'classes': TEMPO.class_names}
    TASK: ClassVar[DemoTask] = TEMPO

    def __init__(
        self,
        pipeline: list[Any],
        data_root: str | None = None,
        split: str = 'train',
        *,
        tasks: bool = False,
        **kwargs: Any,
    ) -> None:
        if tasks and split not in TRIMMED_SPLITS:
            raise ValueError(
                f'tasks=True needs one of the splits {list(TRIMMED_SPLITS)}, whose '
                f'videos show one action, got {split!r}'
            )
        self.tasks = tasks
        super().__init__(pipeline, data_root, split, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Make the data unless they are there, then read the split's list."""
        samples = super().load_data_list()
        for sample in samples:
            # Predictions that were written before other datasets left it out have it.
            sample['video_id'] += '.mp4'
            if self.tasks:
                sample['label'] = list(divmod(sample['label'], len(TEMPO_BANDS_HZ)))
        return samples
