"""HMDB51: one file per class and split, ``brush_hair_test_split1.txt`` and so on.

A line is ``video.avi id``, where id is 1 for training, 2 for testing, 0 for neither.
Classes are indexed by their sorted names, as in MMAction2. (The lists of TSN's first
release are sorted by file name, so that kick_ball and kick, and sword_exercise and
sword, change places.)
"""

import re
from pathlib import Path

from tpn_tsn_plugin.errors import AnnotationError

from .reading import read_lines, wrong_folder, wrong_line
from .records import AnnotationLists, VideoEntry, VideoList

NUM_CLASSES = 51
SPLITS = (1, 2, 3)
# MMAction2 calls HMDB51's test lists validation.
SUBSETS = {1: 'train', 2: 'val'}
NAMES_SHOWN = 3


def read_hmdb51_file(path: str | Path) -> list[tuple[str, int]]:
    """Read the file of one class and split.

    Args:
        path: ``<class>_test_split<N>.txt``.

    Returns:
        Name of each video without suffix, and its id: 1 for training, 2 for testing,
        0 for neither.

    Raises:
        AnnotationError: A line is of another data set.
    """
    expected = 'an HMDB51 split file (lines of "video.avi id", id 0, 1 or 2)'
    videos = []
    for number, line in read_lines(path, expected):
        match = re.fullmatch(r'([^/]+)\.avi\s+(\d{1,9})', line)
        if match is None:
            raise wrong_line(path, number, line, expected)
        if int(match[2]) not in (0, 1, 2):
            raise AnnotationError(
                f'{path}, line {number}: id must be 0, 1 or 2, got {match[2]}; restore '
                'the file'
            )
        videos.append((match[1], int(match[2])))
    return videos


def find_hmdb51_classes(folder: str | Path, split: int) -> list[str]:
    """Return the sorted names of the classes that have a file for a split."""
    ending = f'_test_split{split}.txt'
    found = Path(folder).glob(f'*{ending}')
    return sorted(path.name.removesuffix(ending) for path in found)


def read_hmdb51_split(
    folder: str | Path, split: int
) -> dict[str, list[tuple[str, int]]]:
    """Read a split.

    Args:
        folder: Holds the 51 files of the split.
        split: 1, 2 or 3.

    Returns:
        For ``'train'`` and ``'val'``: path of each video without suffix,
        ``class/video``, and its label.

    Raises:
        AnnotationError: Files are missing, so that class indices would be others, or
            a file is faulty.
    """
    classes = find_hmdb51_classes(folder, split)
    if len(classes) != NUM_CLASSES:
        shown = ', '.join(classes[:NAMES_SHOWN])
        raise AnnotationError(
            f'{folder} has {len(classes)} of the {NUM_CLASSES} files '
            f'<class>_test_split{split}.txt of HMDB51 ({shown}, …); the class index '
            'counts all of them: give the folder testTrainMulti_7030_splits'
        )
    videos: dict[str, list[tuple[str, int]]] = {name: [] for name in SUBSETS.values()}
    for label, name in enumerate(classes):
        for video, use in read_hmdb51_file(
            Path(folder) / f'{name}_test_split{split}.txt'
        ):
            if use in SUBSETS:
                videos[SUBSETS[use]].append((f'{name}/{video}', label))
    return videos


def hmdb51_lists(folder: str | Path) -> AnnotationLists:
    """Read all splits that are in a folder.

    Args:
        folder: Holds the official files (``testTrainMulti_7030_splits``).

    Raises:
        AnnotationError: No split is there, a split is not whole, or a file is faulty.
    """
    found = [split for split in SPLITS if find_hmdb51_classes(folder, split)]
    if not found:
        raise wrong_folder(
            folder, "HMDB51's split files, with <class>_test_split1.txt of 51 classes"
        )
    lists = [
        VideoList(
            f'hmdb51_{subset}_split_{split}',
            '.avi',
            [
                VideoEntry((video, video.rpartition('/')[2]), (label,))
                for video, label in videos
            ],
        )
        for split in found
        for subset, videos in read_hmdb51_split(folder, split).items()
    ]
    notes = [
        f'{folder} has no <class>_test_split{split}.txt'
        for split in SPLITS
        if split not in found
    ]
    classes = find_hmdb51_classes(folder, found[0])
    return AnnotationLists(lists, {'classes.txt': classes}, notes)
