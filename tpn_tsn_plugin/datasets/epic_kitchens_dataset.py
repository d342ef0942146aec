"""EPIC-KITCHENS-55 and -100: verb and noun of each action."""

from typing import Any

from mmaction.datasets.base import BaseActionDataset

from tpn_tsn_plugin.errors import AnnotationError, require_one_of
from tpn_tsn_plugin.registry import DATASETS

from .annotations.epic_kitchens import (
    VERSIONS,
    epic_kitchens_places,
    read_epic_kitchens,
)
from .video_files import find_videos, log_left_out, some_of


@DATASETS.register_module()
class EpicKitchensDataset(BaseActionDataset):
    """Actions in long videos, each with a verb and a noun, from the CSV files.

    A sample's label is ``[verb, noun]``, two class indices, as ``MultiTaskHead`` with
    the tasks verb and noun reads them. ``time_span`` is its start and end in seconds,
    which ``SelectTimeSpan`` samples from. ``video_id`` is the action's own identity,
    ``narration_id`` (``uid`` in EPIC-KITCHENS-55), since a video has many actions.

    Args:
        ann_file: ``EPIC_100_train.csv``, ``EPIC_100_validation.csv`` or
            ``EPIC_train_action_labels.csv``.
        pipeline: Data transforms.
        version: 100 (97 verbs, 300 nouns) or 55 (125 verbs, 352 nouns).
        suffix: Suffix of videos that are there with several, or not looked for.
        check_videos: Whether to look for every video while the file is read.
        skip_missing: Whether to leave out videos that do not exist, with a line in the
            log, instead of stopping.
        data_prefix: ``dict(video=folder)``. Videos may be in one folder, or in one per
            participant as they are distributed.
        **kwargs: Arguments of ``BaseDataset``.

    Raises:
        ValueError: ``version`` is another number.
        AnnotationError: The file is of another data set or version, or has a class
            index out of range.
        MissingVideoError: Videos do not exist.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[Any],
        *,
        version: int = 100,
        suffix: str = '.MP4',
        check_videos: bool = True,
        skip_missing: bool = False,
        data_prefix: dict[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        require_one_of('version', version, VERSIONS)
        self.version = version
        self.suffix = suffix
        self.check_videos = check_videos
        self.skip_missing = skip_missing
        super().__init__(
            ann_file, pipeline, data_prefix=data_prefix or dict(video=''), **kwargs
        )

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read the CSV file and look for the videos.

        Returns:
            One dictionary per action with ``filename``, ``label``, ``time_span`` and
            ``video_id``.
        """
        instances = read_epic_kitchens(self.ann_file, self.version)
        if not instances:
            raise AnnotationError(f'{self.ann_file} names no action')
        filenames = find_videos(
            {
                instance.video: epic_kitchens_places(
                    instance.participant, instance.video
                )
                for instance in instances
            },
            self.data_prefix['video'],
            self.ann_file,
            suffix=self.suffix,
            check=self.check_videos,
            skip_missing=self.skip_missing,
        )
        there = [i for i in instances if i.video in filenames]
        empty = [i.instance_id for i in there if i.start >= i.end]
        if len(empty) == len(there):
            raise AnnotationError(
                f'{self.ann_file}: all {len(empty)} actions of the videos that are '
                f'there end before they start: {some_of(empty)}; restore the file'
            )
        if empty:
            log_left_out(self.ann_file, 'actions end before they start', empty)
        return [
            dict(
                filename=filenames[instance.video],
                label=list(instance.labels),
                time_span=(instance.start, instance.end),
                video_id=instance.instance_id,
            )
            for instance in there
            if instance.start < instance.end
        ]
