"""ActivityNet v1.2 and v1.3."""

from typing import Any

from tpn_tsn_plugin.errors import AnnotationError, require_one_of
from tpn_tsn_plugin.registry import DATASETS

from .annotations import UntrimmedVideo
from .annotations.activitynet import SUBSETS, activitynet_places, read_activitynet
from .untrimmed_video_dataset import UntrimmedVideoDataset


@DATASETS.register_module()
class ActivityNetVideoDataset(UntrimmedVideoDataset):
    """Videos or actions of ActivityNet, from its own JSON file.

    Classes are indexed by their sorted names, as in MMAction2. The labels of
    ``subset='testing'`` are not public: its videos come with a label of zeros.

    Args:
        ann_file: ``activity_net.v1-2.min.json`` or ``activity_net.v1-3.min.json``.
        pipeline: Data transforms.
        subset: ``'training'``, ``'validation'`` or ``'testing'``.
        num_classes: Number of classes that is expected (100 in v1.2, 200 in v1.3); None
            takes the file's.
        **kwargs: Arguments of ``UntrimmedVideoDataset``, such as ``instances``,
            ``skip_missing`` and ``data_prefix=dict(video=folder)``. The videos may be
            called ``v_<id>`` or ``<id>``, with any suffix.

    Raises:
        ValueError: ``subset`` is unknown.
        AnnotationError: The file is of another data set or number of classes.
        MissingVideoError: Videos do not exist.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[Any],
        *,
        subset: str,
        num_classes: int | None = None,
        **kwargs: Any,
    ) -> None:
        require_one_of('subset', subset, SUBSETS)
        super().__init__(
            ann_file, pipeline, subset=subset, num_classes=num_classes, **kwargs
        )

    def read_videos(self) -> list[UntrimmedVideo]:
        """Read the subset's videos, and how many classes there are."""
        content = read_activitynet(self.ann_file)
        found = len(content.classes)
        if self.num_classes not in (None, found):
            raise AnnotationError(
                f'{self.ann_file} has {found} classes, but num_classes='
                f'{self.num_classes}; v1.2 has 100 and v1.3 has 200: change the file '
                'or num_classes'
            )
        self.num_classes = found
        self._metainfo.setdefault('classes', tuple(content.classes))
        return content.subsets[self.subset]

    def places(self, video_id: str) -> tuple[str, ...]:
        """Paths without suffix where a video may be."""
        return activitynet_places(video_id)
