"""MMAction2's dataset of frame folders with an annotation list that is checked."""

import os.path as osp
from collections.abc import Sequence
from typing import Any

from mmaction.datasets import RawframeDataset

from tpn_tsn_plugin.errors import (
    AnnotationError,
    FrameFolderError,
    MissingVideoError,
    require_one_of,
)
from tpn_tsn_plugin.registry import DATASETS

from .annotation_list import (
    is_number,
    known_classes,
    read_label,
    read_list,
    require_num_classes,
)
from .annotations.recognise import recognise
from .sample_identity import folder_identity, part_identity
from .transforms import FindFrames
from .transforms.frame_archive import find_archive
from .video_files import VIDEO_SUFFIXES, some_of


@DATASETS.register_module()
class CheckedRawframeDataset(RawframeDataset):
    """``RawframeDataset`` that refuses a faulty list before anything runs.

    MMAction2 gives a line without a label the label -1, and finds a missing folder or
    file only when a worker opens it. Here each is one error that names the list.
    Blank lines are skipped. With one label per video, a path may hold spaces. Samples
    carry ``video_id``, the folder's path below ``data_prefix``, by which predictions
    are joined; with ``with_offset`` the frames' offset and number follow it.

    Args:
        ann_file: List of ``path frames label`` lines, ``path offset frames label``
            with ``with_offset=True``; several labels with ``multi_class=True``.
        pipeline: Data transforms.
        allow_background: Whether a line may come without label in a multi-class
            list, for a video that shows nothing but background.
        check_folders: Whether to look for every frame folder while the list is read.
        check_frames: Whether to list every folder once while the list is read, and
            refuse gaps, x without y, and fewer frames than the list says. It costs
            about a hundredth of a second per thousand files on a local disk (a minute
            for UCF101), far more on a network drive, in every process that builds the
            dataset.
        **kwargs: All arguments of ``RawframeDataset``. For ``check_frames``, a
            ``filename_tmpl`` chooses where folders hold several kinds of frames.

    Raises:
        ValueError: ``modality`` is unknown, or ``num_classes`` is missing.
        AnnotationError: The list is missing, empty, or has a line that cannot be
            used.
        MissingVideoError: Frame folders of the list do not exist.
        FrameFolderError: Frames are missing; found with ``check_frames`` only.
    """

    def __init__(
        self,
        ann_file: str,
        pipeline: list[Any],
        *,
        allow_background: bool = False,
        check_folders: bool = True,
        check_frames: bool = False,
        **kwargs: Any,
    ) -> None:
        require_one_of('modality', kwargs.get('modality', 'RGB'), ['RGB', 'Flow'])
        require_num_classes(kwargs.get('multi_class', False), kwargs.get('num_classes'))
        self.allow_background = allow_background
        self.check_folders = check_folders
        self.check_frames = check_frames
        # MMAction2's default means no kind of frames in particular.
        self._chosen_tmpl = kwargs.get('filename_tmpl')
        super().__init__(ann_file, pipeline, **kwargs)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Read and check the annotation list.

        Returns:
            One dictionary per line with ``frame_dir``, ``total_frames``, ``label``,
            ``video_id`` and, with ``with_offset``, ``offset``.
        """
        data_list = [
            self._parse(line, where)
            for where, line in read_list(self.ann_file, self.data_root)
        ]
        if self.check_folders:
            self._require_folders(data_list)
        if self.check_frames:
            self._require_frames(data_list)
        return data_list

    def _parse(self, line: str, where: str) -> dict[str, Any]:
        keys = ('offset', 'frames') if self.with_offset else ('frames',)
        expected = ' '.join(('path', *keys, 'label'))
        words = line.split() if self.multi_class else line.rsplit(None, len(keys) + 1)
        numbers, labels = words[1 : len(keys) + 1], words[len(keys) + 1 :]
        background = self.multi_class and self.allow_background
        if len(numbers) < len(keys) or not (labels or background):
            lacking = 'label' if len(numbers) == len(keys) else 'label or number'
            raise _faulty(where, f'the line has no {lacking}', expected, line)
        counts = {}
        for key, word in zip(keys, numbers, strict=True):
            least = 1 if key == 'frames' else 0
            if not is_number(word) or int(word) < least:
                fault = f'{key} must be a whole number from {least} on, got {word!r}'
                raise _faulty(where, fault, expected, line)
            counts[key] = int(word)
        classes = known_classes(self.num_classes, self.metainfo)
        indices = [
            read_label(word, where, expected=expected, classes=classes)
            for word in labels
        ]
        folder = osp.join(self.data_prefix['img'], words[0])
        video_id = folder_identity(folder, self.data_prefix['img'])
        if self.with_offset:
            video_id = part_identity(video_id, **counts)
        sample: dict[str, Any] = dict(
            frame_dir=folder,
            total_frames=counts.pop('frames'),
            label=indices if self.multi_class else indices[0],
            video_id=video_id,
        )
        return {**sample, **counts}

    def _require_folders(self, data_list: Sequence[dict[str, Any]]) -> None:
        folders = dict.fromkeys(sample['frame_dir'] for sample in data_list)
        # What is not on a disk is passed over.
        missing = [
            name
            for name in folders
            if '://' not in name and not (osp.isdir(name) or find_archive(name))
        ]
        if missing:
            raise MissingVideoError(
                f'{len(missing)} of {len(folders)} frame folders of {self.ann_file} do '
                f'not exist: {some_of(missing)}; check data_prefix (looked under '
                f'{self.data_prefix["img"]!r}){self._remedy(missing[0])}'
            )

    def _remedy(self, name: str) -> str:
        """What a folder that is not there tells about the list."""
        if osp.splitext(name)[1].lower() in VIDEO_SUFFIXES:
            return (
                '; these are names of videos: give the list of frame folders, which '
                'tpn-tsn annotations --rawframes writes'
            )
        if not self.multi_class and name.split()[-1].isdecimal() and ' ' in name:
            return (
                '; if numbers follow the path, they are an offset (with_offset=True) '
                'or several labels (multi_class=True)'
            )
        return ''

    def _require_frames(self, data_list: Sequence[dict[str, Any]]) -> None:
        find = FindFrames(self._chosen_tmpl)
        faults: dict[str, str] = {}
        for sample in data_list:
            if sample['frame_dir'] not in faults:
                try:
                    find(dict(sample, modality=self.modality))
                except (FrameFolderError, AnnotationError) as error:
                    faults[sample['frame_dir']] = str(error)
        if faults:
            raise FrameFolderError(
                f'{len(faults)} frame folders of {self.ann_file} cannot be used: '
                f'{some_of(list(faults))}; the first: {next(iter(faults.values()))}'
            )


def _faulty(where: str, fault: str, expected: str, line: str) -> AnnotationError:
    return AnnotationError(
        f'{where}: {fault}; expected "{expected}", found {recognise(line)}'
    )
