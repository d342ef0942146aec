"""MMAction2's video dataset with an annotation list that is checked first."""

import os.path as osp
from typing import Any

from mmaction.datasets import VideoDataset
from mmengine.fileio import exists, list_from_file

from tpn_tsn_plugin.errors import AnnotationError
from tpn_tsn_plugin.registry import DATASETS

from .video_files import require_videos


@DATASETS.register_module()
class CheckedVideoDataset(VideoDataset):
    """``VideoDataset`` that refuses a faulty list before anything runs.

    MMAction2 gives a line without a label the label -1, and finds a missing video
    only when a worker opens it. Here each is one error that names file and line.
    Blank lines are skipped. With the delimiter ``' '`` and one label per video, a
    path may hold spaces.

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
        if kwargs.get('multi_class') and kwargs.get('num_classes') is None:
            raise ValueError(
                'multi_class=True needs num_classes, the length of a multi-hot label'
            )
        self.allow_background = allow_background
        self.check_videos = check_videos
        super().__init__(ann_file, pipeline, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read and check the annotation list.

        Returns:
            One dictionary per video with ``filename`` and ``label``.
        """
        if not exists(self.ann_file):
            raise AnnotationError(
                f'annotation file {self.ann_file} does not exist; check ann_file'
                f' and data_root (got data_root={self.data_root!r})'
            )
        data_list = [
            self._parse(line, f'{self.ann_file}, line {number}')
            for number, line in enumerate(self._read_lines(), 1)
            if line.strip()
        ]
        if not data_list:
            raise AnnotationError(f'annotation file {self.ann_file} names no video')
        if self.check_videos:
            filenames = [sample['filename'] for sample in data_list]
            require_videos(filenames, self.ann_file, self.data_prefix['video'])
        return data_list

    def _read_lines(self) -> list[str]:
        try:
            # Some editors put a mark before the first line.
            return list_from_file(self.ann_file, encoding='utf-8-sig')
        except UnicodeDecodeError as error:
            raise AnnotationError(
                f'{self.ann_file} is not UTF-8 text ({error.reason} at byte '
                f'{error.start}); save it as UTF-8'
            ) from error

    def _known_classes(self) -> int | None:
        """Number of classes: as given, or of the class names, or unknown."""
        if self.num_classes is not None:
            return self.num_classes
        classes = self.metainfo.get('classes')
        return None if classes is None else len(classes)

    def _parse(self, line: str, where: str) -> dict[str, Any]:
        line = line.strip()
        if self.multi_class:
            name, *words = line.split(self.delimiter)
        else:
            name, *words = line.rsplit(self.delimiter, 1)
            name = name.strip()
        if not words and not (self.multi_class and self.allow_background):
            raise AnnotationError(
                f'{where}: {line!r} has no label; expected '
                f'"path{self.delimiter}label" (delimiter={self.delimiter!r})'
            )
        labels = [self._label(word, where) for word in words]
        filename = osp.join(self.data_prefix['video'], name)
        label = labels if self.multi_class else labels[0]
        return {'filename': filename, 'label': label}

    def _label(self, word: str, where: str) -> int:
        try:
            label = int(word)
        except ValueError:
            raise AnnotationError(
                f'{where}: label {word!r} is not an integer; expected '
                f'"path{self.delimiter}label"'
            ) from None
        known = self._known_classes()
        if label < 0 or (known is not None and label >= known):
            allowed = 'from 0' if known is None else f'from 0 to {known - 1}'
            raise AnnotationError(f'{where}: label must be {allowed}, got {label}')
        return label
