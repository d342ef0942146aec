"""THUMOS14: MATLAB files with the labels of all videos, text files with times.

Only 20 of the 101 classes have times, in about 200 videos of each subset.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from tpn_tsn_plugin.errors import AnnotationError

from .reading import find_file, read_lines, wrong_folder, wrong_line
from .records import (
    AnnotationLists,
    Instance,
    UntrimmedVideo,
    VideoEntry,
    VideoList,
)
from .thumos14_meta import META_FILES, NUM_CLASSES, SUBSETS, read_thumos14_meta

# In the names of the files with times, and in MMAction2's folders and lists.
SHORT = {'validation': 'val', 'test': 'test'}
CLASS_FILE = 'detclasslist.txt'


def read_thumos14_classes(path: str | Path) -> dict[str, int]:
    """Read the classes that have times.

    Args:
        path: ``detclasslist.txt``, lines of ``index name``.

    Returns:
        Label, from 0, by name.

    Raises:
        AnnotationError: The file is another one, or an index is out of range.
    """
    expected = f'{CLASS_FILE} of THUMOS14 (lines of "index name")'
    labels = {}
    for number, line in read_lines(path, expected):
        match = re.fullmatch(r'(\d{1,9})\s+(\w+)', line)
        if match is None:
            raise wrong_line(path, number, line, expected)
        if not 1 <= int(match[1]) <= NUM_CLASSES:
            raise AnnotationError(
                f'{path}, line {number}: class index must be from 1 to {NUM_CLASSES}, '
                f'got {match[1]}; give the official file'
            )
        labels[match[2]] = int(match[1]) - 1
    return labels


def read_thumos14_times(folder: str | Path, subset: str) -> list[UntrimmedVideo]:
    """Read when the actions of the 20 classes happen.

    Ambiguous actions (``Ambiguous_val.txt``) belong to no class and are left out.

    Args:
        folder: Holds ``detclasslist.txt`` and ``<Class>_val.txt`` or
            ``<Class>_test.txt``.
        subset: ``'validation'`` or ``'test'``.

    Returns:
        The videos that have times, by name; how long they are is not in these files.

    Raises:
        AnnotationError: A file is missing or of another data set or subset.
    """
    expected = f"THUMOS14's times for subset={subset!r}"
    labels = read_thumos14_classes(find_file(folder, [CLASS_FILE], expected))
    instances: dict[str, list[Instance]] = {}
    for name, label in labels.items():
        path = find_file(folder, [f'{name}_{SHORT[subset]}.txt'], expected)
        for video, start, end in _read_times(path, subset):
            instances.setdefault(video, []).append(Instance(label, start, end))
    return [_timed_video(name, instances[name]) for name in sorted(instances)]


def _read_times(path: Path, subset: str) -> Iterator[tuple[str, float, float]]:
    expected = f'THUMOS14 times (lines of "video_{subset}_0000001 start end")'
    pattern = re.compile(rf'(video_{subset}_\d+)\s+(\d+\.?\d*)\s+(\d+\.?\d*)')
    for number, line in read_lines(path, expected):
        match = pattern.fullmatch(line)
        if match is None:
            raise wrong_line(path, number, line, expected)
        yield match[1], float(match[2]), float(match[3])


def _timed_video(name: str, instances: list[Instance]) -> UntrimmedVideo:
    labels = tuple(sorted({instance.label for instance in instances}))
    in_order = sorted(instances, key=lambda instance: (instance.start, instance.label))
    return UntrimmedVideo(name, labels, tuple(in_order))


def thumos14_places(video_id: str) -> tuple[str, ...]:
    """Paths without suffix where a video may be: one folder, or one per subset.

    Args:
        video_id: Such as ``video_validation_0000001``.
    """
    subset = 'test' if video_id.startswith('video_test') else 'validation'
    folders = {subset: None, SHORT[subset]: None}
    return (video_id, *(f'{folder}/{video_id}' for folder in folders))


def thumos14_lists(source: str | Path) -> AnnotationLists:
    """Read the lists of both subsets, with all labels of a video.

    Args:
        source: Folder with the MATLAB files, or with ``annotations_val`` and
            ``annotations_test``, or one of these folders itself. With MATLAB files the
            lists hold all videos, else those that have times.

    Raises:
        AnnotationError: Nothing is there, or a file is faulty.
    """
    lists, notes = [], []
    classes: dict[int, str] = {}
    for subset in SUBSETS:
        found = _find_subset(Path(source), subset)
        if found is None:
            notes.append(f'{source} has no {META_FILES[subset][0]}')
            continue
        if found.is_file():
            videos, titles = read_thumos14_meta(found, subset)
            classes.update(titles)
        else:
            videos = read_thumos14_times(found, subset)
            notes.append(f'{found} names only the videos that have times')
        entries = [
            VideoEntry(thumos14_places(video.video_id), video.labels)
            for video in videos
        ]
        lists.append(VideoList(f'thumos14_{SHORT[subset]}_list', '.mp4', entries))
    if not lists:
        names = ' or '.join(files[0] for files in META_FILES.values())
        raise wrong_folder(source, f'THUMOS14, with {names}, or {CLASS_FILE} and times')
    if len(classes) < NUM_CLASSES:
        notes.append(f'names are known of {len(classes)} of {NUM_CLASSES} classes only')
        return AnnotationLists(lists, {}, notes)
    names_in_order = [classes[label] for label in range(NUM_CLASSES)]
    return AnnotationLists(lists, {'classes.txt': names_in_order}, notes)


def _find_subset(folder: Path, subset: str) -> Path | None:
    """Find the MATLAB file of a subset, or else the folder with its times."""
    for name in META_FILES[subset]:
        if (folder / name).is_file():
            return folder / name
    for place in (folder / f'annotations_{SHORT[subset]}', folder):
        if any(place.glob(f'*_{SHORT[subset]}.txt')):
            return place
    return None
