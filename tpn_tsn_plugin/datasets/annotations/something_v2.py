"""Something-Something V2: JSON files.

The class index is the one in the labels file; a template's placeholders stand in
brackets, which the labels file leaves out.
"""

import re
from pathlib import Path

from tpn_tsn_plugin.errors import AnnotationError

from .reading import (
    find_file,
    foreign,
    read_json,
    read_text,
    require_name,
    require_text,
)
from .records import AnnotationLists, VideoEntry, VideoList

# As first distributed, and as distributed now.
NAMES = ('something-something-v2-{}.json', '{}.json')
SUBSETS = {'train': 'train', 'val': 'validation'}


def read_something_v2_labels(path: str | Path) -> list[str]:
    """Read the names of the classes in the order of their indices.

    Args:
        path: An object of ``"name": "index"``.

    Raises:
        AnnotationError: The file is another one, or the indices have gaps.
    """
    expected = 'labels of Something-Something V2 (an object of "name": "index")'
    content = read_json(path, expected)
    if not isinstance(content, dict) or not all(
        isinstance(index, str) and re.fullmatch(r'\d{1,9}', index)
        for index in content.values()
    ):
        raise foreign(path, expected, read_text(path, expected))
    for name in content:
        require_text(name, f'{path}: classes')
    classes = sorted(content, key=lambda name: int(content[name]))
    if [int(content[name]) for name in classes] != list(range(len(classes))):
        raise AnnotationError(
            f'{path}: class indices must be 0 to {len(classes) - 1}, each once; '
            'restore the file'
        )
    return classes


def read_something_v2_list(
    path: str | Path, classes: list[str]
) -> list[tuple[str, int]]:
    """Read the training or the validation list.

    Args:
        path: ``something-something-v2-train.json`` or the like.
        classes: Names from :func:`read_something_v2_labels`.

    Returns:
        Id of each video and its label.

    Raises:
        AnnotationError: The file is of another data set, or has an unknown class.
    """
    expected = 'a Something-Something V2 list (objects with "id" and "template")'
    content = read_json(path, expected)
    if not isinstance(content, list) or not all(
        isinstance(video, dict)
        and 'id' in video
        and isinstance(video.get('template'), str)
        for video in content
    ):
        raise foreign(path, expected, read_text(path, expected))
    labels = {name: label for label, name in enumerate(classes)}
    videos = []
    for video in content:
        video_id = require_name(str(video['id']), f'{path}: "id" of a video')
        name = video['template'].replace('[', '').replace(']', '')
        if name not in labels:
            raise AnnotationError(
                f'{path}: video {video_id} is of class {name!r}, none of the '
                f'{len(classes)} classes of the labels file; take both files from one '
                'release'
            )
        videos.append((video_id, labels[name]))
    return videos


def something_v2_lists(folder: str | Path) -> AnnotationLists:
    """Read the training and the validation list.

    Args:
        folder: Holds ``something-something-v2-labels.json`` (or ``labels.json``) and
            so on.

    Raises:
        AnnotationError: A file is missing or faulty.
    """
    expected = 'Something-Something V2'
    path = find_file(folder, [name.format('labels') for name in NAMES], expected)
    classes = read_something_v2_labels(path)
    lists = []
    for subset, word in SUBSETS.items():
        path = find_file(folder, [name.format(word) for name in NAMES], expected)
        videos = read_something_v2_list(path, classes)
        entries = [VideoEntry((video,), (label,)) for video, label in videos]
        lists.append(VideoList(f'sthv2_{subset}_list', '.webm', entries))
    return AnnotationLists(lists, {'classes.txt': classes}, [])
