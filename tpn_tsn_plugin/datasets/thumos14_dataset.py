"""THUMOS14, its validation and test subset."""

import os.path as osp
from typing import Any

from tpn_tsn_plugin.errors import AnnotationError, require_one_of
from tpn_tsn_plugin.registry import DATASETS

from .annotations import UntrimmedVideo
from .annotations.thumos14 import read_thumos14_times, thumos14_places
from .annotations.thumos14_meta import NUM_CLASSES, SUBSETS, read_thumos14_meta
from .untrimmed_video_dataset import UntrimmedVideoDataset


@DATASETS.register_module()
class Thumos14Dataset(UntrimmedVideoDataset):
    """Videos or actions of THUMOS14, from its own files.

    The 101 classes are UCF101's, which is the training set. Videos may be background.
    Times exist for 20 of the classes, in about 200 videos of each subset; published
    times beyond a video's end are left out, with a line in the log.

    Args:
        ann_file: ``validation_set.mat`` or ``test_set_meta.mat``.
        pipeline: Data transforms.
        subset: ``'validation'`` or ``'test'``.
        instances: Whether a sample is an action instead of a video.
        time_dir: Folder with ``detclasslist.txt`` and the times of each class, which
            ``instances`` needs.
        **kwargs: Further arguments of ``UntrimmedVideoDataset``, such as
            ``data_prefix=dict(video=folder)``.

    Raises:
        ValueError: ``subset`` is unknown, ``num_classes`` is not 101, or ``time_dir``
            is missing or of no use.
        AnnotationError: A file is of another data set or subset.
        MissingVideoError: Videos do not exist.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[Any],
        *,
        subset: str,
        instances: bool = False,
        time_dir: str | None = None,
        num_classes: int = NUM_CLASSES,
        **kwargs: Any,
    ) -> None:
        require_one_of('subset', subset, SUBSETS)
        require_one_of('num_classes of THUMOS14', num_classes, [NUM_CLASSES])
        if instances != (time_dir is not None):
            raise ValueError(
                f'instances={instances} {"needs" if instances else "takes no"} '
                f'time_dir, the folder with the times of actions, got {time_dir!r}'
            )
        self.time_dir = time_dir
        super().__init__(
            ann_file,
            pipeline,
            subset=subset,
            instances=instances,
            num_classes=num_classes,
            **kwargs,
        )

    def read_videos(self) -> list[UntrimmedVideo]:
        """Read the subset's videos; with ``instances`` those that have times."""
        videos = read_thumos14_meta(self.ann_file, self.subset).videos
        if self.time_dir is None:
            return videos
        folder = osp.join(self.data_root or '', self.time_dir)
        durations = {video.video_id: video.duration for video in videos}
        timed = read_thumos14_times(folder, self.subset)
        unknown = [v.video_id for v in timed if v.video_id not in durations]
        if unknown:
            raise AnnotationError(
                f'{folder}: video {unknown[0]} is not in {self.ann_file}; take both '
                'from one release'
            )
        return [video._replace(duration=durations[video.video_id]) for video in timed]

    def places(self, video_id: str) -> tuple[str, ...]:
        """Paths without suffix where a video may be."""
        return thumos14_places(video_id)
