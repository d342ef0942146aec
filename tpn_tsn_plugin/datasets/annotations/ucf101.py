"""UCF101: ``classInd.txt``, ``trainlist01.txt`` … ``testlist03.txt``.

The classes are numbered from 1 in the files, from 0 here.
"""

import re
from pathlib import Path

from tpn_tsn_plugin.errors import AnnotationError

from .reading import find_file, read_lines, wrong_folder, wrong_line
from .records import AnnotationLists, VideoEntry, VideoList

CLASS_FILE = 'classInd.txt'
SPLITS = (1, 2, 3)
# MMAction2 calls UCF101's test lists validation.
FILES = {'train': 'trainlist{:02d}.txt', 'val': 'testlist{:02d}.txt'}
LINE = re.compile(
    r'(?P<name>[^/\s]+)/(?P<stem>v_\w+_g\d+_c\d+)\.avi(\s+(?P<id>\d{1,9}))?'
)


def read_ucf101_classes(path: str | Path) -> list[str]:
    """Read the names of the classes.

    Args:
        path: ``classInd.txt``, lines of ``index name``.

    Raises:
        AnnotationError: The file is another one, or a number is left out.
    """
    expected = 'UCF101\'s class index (lines of "index name")'
    names: list[str] = []
    for number, line in read_lines(path, expected):
        match = re.fullmatch(r'(\d{1,9})\s+(\w+)', line)
        if match is None:
            raise wrong_line(path, number, line, expected)
        if int(match[1]) != len(names) + 1:
            raise AnnotationError(
                f'{path}, line {number}: class index must be {len(names) + 1}, got '
                f'{match[1]}; restore the file'
            )
        names.append(match[2])
    return names


def read_ucf101_list(path: str | Path, classes: list[str]) -> list[tuple[str, int]]:
    """Read a training or test list.

    Args:
        path: ``trainlist01.txt`` or the like.
        classes: Names from :func:`read_ucf101_classes`.

    Returns:
        Path of each video without suffix, ``class/video``, and its label from 0.

    Raises:
        AnnotationError: A line is of another data set, or its class is unknown.
    """
    expected = 'a UCF101 list (lines of "Class/v_Class_g01_c01.avi")'
    labels = {name: label for label, name in enumerate(classes)}
    videos = []
    for number, line in read_lines(path, expected):
        match = LINE.fullmatch(line)
        if match is None:
            raise wrong_line(path, number, line, expected)
        where, name = f'{path}, line {number}', match['name']
        index = match['id']
        if index is not None and not 1 <= int(index) <= len(classes):
            raise AnnotationError(
                f'{where}: class index must be from 1 to {len(classes)}, the classes '
                f'of {CLASS_FILE}, got {index}; take both files from one release'
            )
        if name not in labels or (index and labels[name] != int(index) - 1):
            number_there = labels[name] + 1 if name in labels else 'missing'
            raise AnnotationError(
                f'{where}: class {name!r} is {number_there} in {CLASS_FILE}, but '
                f'{index or "used"} here; take both files from one release'
            )
        videos.append((f'{name}/{match["stem"]}', labels[name]))
    return videos


def ucf101_lists(folder: str | Path) -> AnnotationLists:
    """Read all splits that are in a folder.

    Args:
        folder: Holds the official files (``ucfTrainTestlist``).

    Raises:
        AnnotationError: ``classInd.txt`` or all splits are missing, or a file is
            faulty.
    """
    expected = "UCF101's split files"
    classes = read_ucf101_classes(find_file(folder, [CLASS_FILE], expected))
    lists, missing = [], []
    for split in SPLITS:
        names = {subset: name.format(split) for subset, name in FILES.items()}
        absent = [n for n in names.values() if not (Path(folder) / n).is_file()]
        missing += absent
        if absent:
            continue
        for subset, name in names.items():
            videos = read_ucf101_list(Path(folder) / name, classes)
            entries = [
                VideoEntry((video, video.rpartition('/')[2]), (label,))
                for video, label in videos
            ]
            lists.append(VideoList(f'ucf101_{subset}_split_{split}', '.avi', entries))
    if not lists:
        raise wrong_folder(folder, f'{expected}, with {" and ".join(missing[:2])}')
    notes = [f'{folder} has no {", ".join(missing)}'] if missing else []
    return AnnotationLists(lists, {'classes.txt': classes}, notes)
