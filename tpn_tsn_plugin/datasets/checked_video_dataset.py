"""MMAction2's video dataset with an annotation list that is checked first."""

import os.path as osp
from typing import Any

from mmaction.datasets import VideoDataset

from tpn_tsn_plugin.errors import AnnotationError
from tpn_tsn_plugin.registry import DATASETS

from .annotation_list import (
    known_classes,
    read_label,
    read_list,
    require_num_classes,
)
from .sample_identity import video_identity
from .video_files import require_videos


@DATASETS.register_module()
class CheckedVideoDataset(VideoDataset):
    """``VideoDataset`` that refuses a faulty list before anything runs.

    MMAction2 gives a line without a label the label -1, and finds a missing video
    only when a worker opens it. Here each is one error that names file and line.
    Blank lines are skipped. With the delimiter ``' '`` and one label per video, a
    path may hold spaces. Samples carry ``video_id``, the video's path below
    ``data_prefix`` without suffix, by which predictions are joined.

    Args:
        ann_file: List of ``path label`` lines, or ``path label label ...`` with
            ``multi_class=True``.
        pipeline: Data transforms.
        allow_background: Whether a line may come without label in a multi-class
            list, for a video that shows nothing but background.
        check_videos: Whether to look for every video while the list is read.
        **kwargs: All arguments of ``VideoDataset``.

    Raises:
        AnnotationError: The list is missing, empty, or has a line that cannot be
            used.
        MissingVideoError: Videos of the list do not exist.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[Any],
        *,
        allow_background: bool = False,
        check_videos: bool = True,
        **kwargs: Any,
    ) -> None:
        require_num_classes(kwargs.get('multi_class', False), kwargs.get('num_classes'))
        self.allow_background = allow_background
        self.check_videos = check_videos
        super().__init__(ann_file, pipeline, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read and check the annotation list.

        Returns:
            One dictionary per video with ``filename``, ``label`` and ``video_id``.
        """
        data_list = [
            self._parse(line, where)
            for where, line in read_list(self.ann_file, self.data_root)
        ]
        if self.check_videos:
            filenames = [sample['filename'] for sample in data_list]
            require_videos(filenames, self.ann_file, self.data_prefix['video'])
        return data_list

    def _parse(self, line: str, where: str) -> dict[str, Any]:
        if self.multi_class:
            name, *words = line.split(self.delimiter)
        else:
            name, *words = line.rsplit(self.delimiter, 1)
            name = name.strip()
        expected = f'path{self.delimiter}label'
        if not words and not (self.multi_class and self.allow_background):
            raise AnnotationError(
                f'{where}: {line!r} has no label; expected "{expected}" '
                f'(delimiter={self.delimiter!r})'
            )
        classes = known_classes(self.num_classes, self.metainfo)
        labels = [
            read_label(word, where, expected=expected, classes=classes)
            for word in words
        ]
        filename = osp.join(self.data_prefix['video'], name)
        return dict(
            filename=filename,
            label=labels if self.multi_class else labels[0],
            video_id=video_identity(filename, self.data_prefix['video']),
        )
