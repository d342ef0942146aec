"""EPIC-KITCHENS-55 and -100: CSV files, one line an action with verb and noun."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from tpn_tsn_plugin.errors import AnnotationError, require_one_of

from .reading import find_file, foreign, read_rows, read_text, require_name
from .records import AnnotationLists, VideoEntry, VideoList

VERSIONS: tuple[int, ...] = (55, 100)
TASKS: tuple[str, ...] = ('verb', 'noun')
NUM_CLASSES = {55: {'verb': 125, 'noun': 352}, 100: {'verb': 97, 'noun': 300}}
ID_COLUMN = {55: 'uid', 100: 'narration_id'}
# The labels of the test sets are not public.
FILES = {
    55: {'train': 'EPIC_train_action_labels.csv'},
    100: {'train': 'EPIC_100_train.csv', 'val': 'EPIC_100_validation.csv'},
}
CLASS_FILES = {55: 'EPIC_{}_classes.csv', 100: 'EPIC_100_{}_classes.csv'}
CLASS_COLUMN = {55: 'class_key', 100: 'key'}
ENDS = ('start', 'stop')
COLUMNS = (
    'participant_id',
    'video_id',
    'start_timestamp',
    'stop_timestamp',
    'start_frame',
    'stop_frame',
    'verb_class',
    'noun_class',
)


class EpicInstance(NamedTuple):
    """One action.

    Args:
        instance_id: ``narration_id``, or ``uid`` in EPIC-KITCHENS-55.
        participant: Such as ``P01``.
        video: Such as ``P01_01``.
        start: Seconds.
        end: Seconds.
        frames: First and last frame, counted from 1.
        labels: Verb and noun, from 0.
    """

    instance_id: str
    participant: str
    video: str
    start: float
    end: float
    frames: tuple[int, int]
    labels: tuple[int, int]


def read_epic_kitchens(path: str | Path, version: int) -> list[EpicInstance]:
    """Read a file of labelled actions.

    Args:
        path: ``EPIC_train_action_labels.csv``, ``EPIC_100_train.csv`` or
            ``EPIC_100_validation.csv``.
        version: 55 or 100.

    Raises:
        ValueError: ``version`` is another number.
        AnnotationError: The file is of another data set or version, has no labels, or
            has a line that cannot be used, such as a class index out of range.
    """
    require_one_of('version', version, VERSIONS)
    names = ' or '.join(FILES[version].values())
    expected = f'labelled actions of EPIC-KITCHENS-{version} ({names})'
    columns = (ID_COLUMN[version], *COLUMNS)
    rows = list(read_rows(path, columns, expected))
    if version == 55 and rows and ID_COLUMN[100] in rows[0][1]:
        raise foreign(path, expected, read_text(path, expected))
    return [
        _read_instance(row, version, f'{path}, line {number}') for number, row in rows
    ]


def _read_instance(row: Mapping[str, str], version: int, where: str) -> EpicInstance:
    verb, noun = (_read_class(row, task, version, where) for task in TASKS)
    first, last = (_read_number(row, f'{end}_frame', where) for end in ENDS)
    start, end = (_read_seconds(row, f'{end}_timestamp', where) for end in ENDS)
    return EpicInstance(
        row[ID_COLUMN[version]],
        require_name(row['participant_id'], f'{where}: participant_id'),
        require_name(row['video_id'], f'{where}: video_id'),
        start,
        end,
        (first, last),
        (verb, noun),
    )


def _read_number(row: Mapping[str, str], column: str, where: str) -> int:
    try:
        return int(row[column])
    except ValueError:
        raise AnnotationError(
            f'{where}: {column} must be a whole number, got {row[column]!r}'
        ) from None


def _read_class(row: Mapping[str, str], task: str, version: int, where: str) -> int:
    label = _read_number(row, f'{task}_class', where)
    classes = NUM_CLASSES[version][task]
    if not 0 <= label < classes:
        other = VERSIONS[1 - VERSIONS.index(version)]
        raise AnnotationError(
            f'{where}: {task}_class must be from 0 to {classes - 1} in '
            f'EPIC-KITCHENS-{version}, got {label}; correct the line, or use '
            f'version={other} if the file is of EPIC-KITCHENS-{other}'
        )
    return label


def _read_seconds(row: Mapping[str, str], column: str, where: str) -> float:
    match = re.fullmatch(r'(\d{1,4}):(\d\d):(\d\d(?:\.\d+)?)', row[column])
    if match is None:
        raise AnnotationError(
            f'{where}: {column} must be like 00:01:23.45, got {row[column]!r}'
        )
    return int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3])


def read_epic_kitchens_classes(path: str | Path, version: int) -> list[str]:
    """Read the names of verb or noun classes in the order of their indices.

    Args:
        path: ``EPIC_verb_classes.csv``, ``EPIC_100_noun_classes.csv`` or the like.
        version: 55 or 100.

    Raises:
        AnnotationError: The file is another one.
    """
    column = CLASS_COLUMN[version]
    expected = f'classes of EPIC-KITCHENS-{version} (CSV with a column {column})'
    rows = [row for _, row in read_rows(path, (column,), expected)]
    try:
        # The index is the first column, under a name of its own in each file.
        names = {int(next(iter(row.values()))): row[column] for row in rows}
    except ValueError as error:
        raise foreign(path, expected, read_text(path, expected)) from error
    return [names[index] for index in sorted(names)]


def epic_kitchens_places(participant: str, video: str) -> tuple[str, ...]:
    """Paths without suffix where a video, or the folder of its frames, may be.

    Args:
        participant: Such as ``P01``.
        video: Such as ``P01_01``.
    """
    return (
        f'{participant}/{video}',
        f'{participant}/videos/{video}',
        f'{participant}/rgb_frames/{video}',
        f'train/{participant}/{video}',
        video,
    )


def epic_kitchens_lists(source: str | Path) -> AnnotationLists:
    """Read lists of actions as parts of frame folders, one for verbs, one for nouns.

    Args:
        source: Folder with the CSV files of one version.

    Raises:
        AnnotationError: Nothing is there, or a file is faulty.
    """
    folder = Path(source)
    every = [name for files in FILES.values() for name in files.values()]
    first = find_file(folder, every, 'EPIC-KITCHENS-55 or -100')
    version = next(v for v in VERSIONS if first.name in FILES[v].values())
    lists: list[VideoList] = []
    classes: dict[str, list[str]] = {}
    notes: list[str] = []
    for subset, name in FILES[version].items():
        if not (folder / name).is_file():
            notes.append(f'{folder} has no {name}')
            continue
        instances = read_epic_kitchens(folder / name, version)
        empty = sum(i.frames[0] > i.frames[1] for i in instances)
        if empty:
            notes.append(f'{name}: {empty} actions end before they start: left out')
        for task in TASKS:
            title = f'epic{version}_{subset}_{task}_list'
            lists.append(VideoList(title, '.MP4', _entries(instances, task)))
    for task in TASKS:
        path = folder / CLASS_FILES[version].format(task)
        if path.is_file():
            names = read_epic_kitchens_classes(path, version)
            classes[f'{task}_classes.txt'] = names
        else:
            notes.append(f'{folder} has no {path.name}')
    return AnnotationLists(lists, classes, notes)


def _entries(instances: list[EpicInstance], task: str) -> list[VideoEntry]:
    return [
        VideoEntry(
            epic_kitchens_places(instance.participant, instance.video),
            (instance.labels[TASKS.index(task)],),
            # The offset is added to frame numbers that count from 1.
            (instance.frames[0] - 1, instance.frames[1] - instance.frames[0] + 1),
            instance.instance_id,
        )
        for instance in instances
        if instance.frames[0] <= instance.frames[1]
    ]
