"""Something-Something V1: text files, ``id;label``.

The class index is the line number in the labels file, as in MMAction2.
"""

import re
from pathlib import Path

from tpn_tsn_plugin.errors import AnnotationError

from .reading import find_file, read_lines, wrong_line
from .records import AnnotationLists, VideoEntry, VideoList

NAME = 'something-something-v1-{}.csv'
SUBSETS = {'train': 'train', 'val': 'validation'}


def read_something_v1_labels(path: str | Path) -> list[str]:
    """Read the names of the classes, one a line.

    Raises:
        AnnotationError: The file is another one.
    """
    expected = 'labels of Something-Something V1 (one name a line)'
    names = []
    for number, line in read_lines(path, expected):
        if ';' in line or line[0] in '[{':
            raise wrong_line(path, number, line, expected)
        names.append(line)
    return names


def read_something_v1_list(
    path: str | Path, classes: list[str]
) -> list[tuple[str, int]]:
    """Read the training or the validation list.

    Args:
        path: ``something-something-v1-train.csv`` or the like.
        classes: Names from :func:`read_something_v1_labels`.

    Returns:
        Id of each video and its label.

    Raises:
        AnnotationError: A line is of another data set, or its class is unknown.
    """
    expected = 'a Something-Something V1 list (lines of "id;label")'
    labels = {name: label for label, name in enumerate(classes)}
    videos = []
    for number, line in read_lines(path, expected):
        match = re.fullmatch(r'(\d+);\s*(.+)', line)
        if match is None:
            raise wrong_line(path, number, line, expected)
        if match[2] not in labels:
            raise AnnotationError(
                f'{path}, line {number}: class {match[2]!r} is none of the '
                f'{len(classes)} classes of the labels file; take both files from one '
                'release'
            )
        videos.append((match[1], labels[match[2]]))
    return videos


def something_v1_lists(folder: str | Path) -> AnnotationLists:
    """Read the training and the validation list.

    Args:
        folder: Holds ``something-something-v1-labels.csv`` and so on.

    Raises:
        AnnotationError: A file is missing or faulty.
    """
    expected = 'Something-Something V1'
    path = find_file(folder, [NAME.format('labels')], expected)
    classes = read_something_v1_labels(path)
    lists = []
    for subset, name in SUBSETS.items():
        path = find_file(folder, [NAME.format(name)], expected)
        videos = read_something_v1_list(path, classes)
        entries = [VideoEntry((video,), (label,)) for video, label in videos]
        # V1 is distributed as frames; videos are what MMAction2 makes of them.
        lists.append(VideoList(f'sthv1_{subset}_list', '.mp4', entries))
    return AnnotationLists(lists, {'classes.txt': classes}, [])
