"""What data sets of untrimmed videos have in common."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Any

from mmaction.datasets.base import BaseActionDataset

from tpn_tsn_plugin.errors import AnnotationError

from .annotations import UntrimmedVideo
from .sample_identity import action_identity, numbered
from .video_files import find_videos, log_left_out, some_of


class UntrimmedVideoDataset(BaseActionDataset):
    """Long videos with several actions, from a data set's own annotation file.

    A sample is a whole video with a multi-hot label (all zeros for background), or,
    with ``instances``, one action with its class index and ``time_span``, its start
    and end in seconds, which ``SelectTimeSpan`` samples from. ``video_id`` is the data
    set's name of the video, with time span and class after it where a sample is an
    action; ``duration`` is the video's length in seconds where that is known.

    Args:
        ann_file: The annotation file.
        pipeline: Data transforms.
        subset: The data set's name of the part that is used.
        instances: Whether a sample is an action instead of a video.
        suffix: Suffix of videos that are there with several, or not looked for.
        check_videos: Whether to look for every video while the file is read.
        skip_missing: Whether to leave out videos that do not exist (they are counted
            in the log) instead of stopping.
        data_prefix: ``dict(video=folder)``.
        **kwargs: Arguments of ``BaseDataset``.

    Raises:
        AnnotationError: The file cannot be used, or names nothing for the subset.
        MissingVideoError: Videos do not exist.
    """

    num_classes: int | None

    def __init__(
        self,
        ann_file: str,
        pipeline: list[Any],
        *,
        subset: str,
        instances: bool = False,
        suffix: str = '.mp4',
        check_videos: bool = True,
        skip_missing: bool = False,
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        self.subset = subset
        self.instances = instances
        self.suffix = suffix
        self.check_videos = check_videos
        self.skip_missing = skip_missing
        super().__init__(
            ann_file,
            pipeline,
            data_prefix=data_prefix or dict(video=''),
            multi_class=not instances,
            **kwargs,
        )

    @abstractmethod
    def read_videos(self) -> Sequence[UntrimmedVideo]:
        """Read the subset's videos; sets ``num_classes``."""

    @abstractmethod
    def places(self, video_id: str) -> tuple[str, ...]:
        """Paths without suffix, below the data prefix, where a video may be."""

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read the annotation file and look for the videos.

        Returns:
            One dictionary per video or action with ``filename``, ``label``,
            ``video_id`` and, where known, ``duration`` and ``time_span``.
        """
        videos = self.read_videos()
        if self.instances:
            videos = [video for video in videos if video.instances]
        if not videos:
            what = 'action' if self.instances else 'video'
            raise AnnotationError(
                f'{self.ann_file} names no {what} of subset={self.subset!r}; choose '
                'another subset or file'
            )
        filenames = find_videos(
            {video.video_id: self.places(video.video_id) for video in videos},
            self.data_prefix['video'],
            self.ann_file,
            suffix=self.suffix,
            check=self.check_videos,
            skip_missing=self.skip_missing,
        )
        there = [video for video in videos if video.video_id in filenames]
        dropped = self._dropped(there)
        samples = [
            sample
            for video in there
            for sample in self._samples(video, filenames[video.video_id])
        ]
        if not samples:
            raise AnnotationError(
                f'{self.ann_file}: all {len(dropped)} actions of the videos of subset='
                f'{self.subset!r} that are there lie outside their video: '
                f'{some_of(dropped)}; restore the file'
            )
        if dropped:
            log_left_out(self.ann_file, 'actions lie outside their video', dropped)
        return samples

    def _samples(self, video: UntrimmedVideo, filename: str) -> Iterator[dict]:
        sample: dict[str, Any] = dict(filename=filename)
        if video.duration is not None:
            sample['duration'] = video.duration
        if not self.instances:
            yield dict(sample, label=list(video.labels), video_id=video.video_id)
            return
        actions = [
            (instance.label, span)
            for instance in video.instances
            if (span := instance.inside(video.duration)) is not None
        ]
        # Some files list an action twice.
        identities = numbered(
            action_identity(video.video_id, span, label) for label, span in actions
        )
        for (label, span), identity in zip(actions, identities, strict=True):
            yield dict(sample, label=label, time_span=span, video_id=identity)

    def _dropped(self, videos: Sequence[UntrimmedVideo]) -> list[str]:
        return [
            f'{video.video_id} at {instance.start:g} to {instance.end:g} s'
            for video in videos
            for instance in video.instances
            if self.instances and instance.inside(video.duration) is None
        ]
