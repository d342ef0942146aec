"""Names of classes: from a file, the checkpoint, the config's dataset, or numbers.

Files may have one name a line, as MMAction2's ``label_map_k400.txt``, or a number
beside each: ``1 ApplyEyeMakeup`` (UCF101's ``classInd.txt``), ``1: bend``, or
``crafting,0``. Numbers start at 0 or 1 and have no gaps.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mmengine.config import Config

from tpn_tsn_plugin.datasets.config_entry import find_dataset
from tpn_tsn_plugin.errors import AnnotationError
from tpn_tsn_plugin.registry import DATASETS

NUMBERED = (
    re.compile(r'(?P<number>\d{1,9})\s*[:,;\s]\s*(?P<name>\S.*)'),
    re.compile(r'(?P<name>.*\S)\s*[,;\t]\s*(?P<number>\d{1,9})'),
)
# The key of the only task of a model that has one.
ONLY = ''

# Names of classes by task.
ClassNames = dict[str, list[str]]


def read_label_map(path: Path) -> list[str]:
    """Read the names of classes.

    Args:
        path: A text file.

    Returns:
        Names in the order of the classes.

    Raises:
        AnnotationError: The file is missing, no text, or empty, or its numbers are not
            those of classes.
    """
    try:
        text = path.read_text(encoding='utf-8-sig')
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, 'strerror', None) or 'it is no text'
        raise AnnotationError(f'label map {path} cannot be read ({why})') from error
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        raise AnnotationError(f'label map {path} has no names; write one a line')
    return _without_numbers(lines, f'label map {path}')


def find_class_names(
    config: Config,
    classes: Mapping[str, int],
    files: Mapping[str, Path],
    *,
    dataset_meta: Mapping[str, Any] | None = None,
) -> ClassNames:
    """Find the names of a model's classes, and check that each name is its own.

    What the user says counts, if the checkpoint does not say otherwise: a label map,
    or else ``metainfo.classes`` of the config's test dataset. Then comes the
    checkpoint, then what the dataset itself knows.

    Args:
        config: Its test dataset may name the classes.
        classes: Number of classes by task, ``ONLY`` where there is one alone.
        files: The user's label maps by task, ``ONLY`` for one that names no task.
        dataset_meta: What the checkpoint says of the data that it was trained on.

    Returns:
        Names by task; classes that nothing names are called ``class 17``.

    Raises:
        AnnotationError: A label map has another number of names than the classifier
            has classes, other names or another order than the checkpoint, cannot be
            read, or is for a task that the model has not.
    """
    _require_tasks(classes, files)
    names: ClassNames = {}
    for task, count in classes.items():
        whose = f'task {task!r}' if task else 'the classifier'
        trained = _trained_names(dataset_meta, count) if task == ONLY else None
        given, source = None, f'label map {files.get(task)}'
        if task in files:
            given = read_label_map(files[task])
        elif task == ONLY:
            given = _dataset_names(config, with_own=trained is None)
            source = "the config's test dataset"
        if given is not None:
            _require_count(given, source, count, whose)
        if given is not None and trained is not None:
            _require_same(given, source, trained)
        names[task] = given or trained or [f'class {index}' for index in range(count)]
    return names


def _without_numbers(lines: list[str], source: str) -> list[str]:
    """Names in the order of the numbers beside them, if all have one."""
    for pattern in NUMBERED:
        matches = [match for line in lines if (match := pattern.fullmatch(line))]
        if len(matches) == len(lines):
            numbers = [int(match['number']) for match in matches]
            return _in_order(source, numbers, [match['name'] for match in matches])
    return lines


def _in_order(source: str, numbers: Sequence[int], names: Sequence[str]) -> list[str]:
    first = min(numbers)
    if first > 1 or sorted(numbers) != list(range(first, first + len(numbers))):
        raise AnnotationError(
            f'{source} must number {len(numbers)} classes from 0 or 1 on without gaps, '
            f'got {first} to {max(numbers)}, {len(set(numbers))} of them different'
        )
    return [name for _, name in sorted(zip(numbers, names))]


def _require_count(names: Sequence[str], source: str, count: int, whose: str) -> None:
    if len(names) != count:
        raise AnnotationError(
            f'{source} has {len(names)} name{"s" * (len(names) != 1)}, but {whose} has '
            f'{count} class{"es" * (count != 1)}; give those of the data that it was '
            'trained on, as a label map or as metainfo.classes of the test dataset'
        )


def _require_same(names: Sequence[str], source: str, trained: Sequence[str]) -> None:
    for index, (name, own) in enumerate(zip(names, trained, strict=True)):
        if _plain(name) != _plain(own):
            raise AnnotationError(
                f'{source} calls class {index} {name!r}, but the checkpoint was '
                f'trained with {own!r}; leave these names out, it has its own'
            )


def _plain(name: str) -> str:
    """A name without what people write differently: case, spaces, underscores."""
    return ''.join(filter(str.isalnum, name.casefold())) or name


def _trained_names(
    dataset_meta: Mapping[str, Any] | None, count: int
) -> list[str] | None:
    """Names in a checkpoint, unless they cannot be those of its classifier."""
    found = (dataset_meta or {}).get('classes')
    if not isinstance(found, list | tuple) or len(found) != count:
        return None
    # They are printed, and a file may hold what would do more to a terminal.
    if not all(isinstance(name, str) and name.isprintable() for name in found):
        return None
    names = [name.strip() for name in found]
    # MMEngine keeps the lines of a label map as they are.
    with suppress(AnnotationError):
        return _without_numbers(names, 'the checkpoint')
    return names


def _require_tasks(classes: Mapping[str, int], files: Mapping[str, Path]) -> None:
    wrong = [task for task in files if task not in classes]
    if not wrong:
        return
    if ONLY in classes:
        raise AnnotationError(
            f'the model has one task, got a label map of task {wrong[0]!r}; give '
            f'--labels {files[wrong[0]]}'
        )
    wanted = ' '.join(f'--labels {task}=FILE' for task in classes)
    came = f'for {wrong[0]!r}' if wrong[0] else 'for no task'
    raise AnnotationError(
        f'the model has the tasks {", ".join(classes)}, got a label map {came}; give '
        f'{wanted}'
    )


def _dataset_names(config: Config, *, with_own: bool) -> list[str] | None:
    """Names that the config gives the test dataset, or else the dataset's own."""
    dataset = find_dataset(config, 'test')
    classes = (dataset.get('metainfo') or {}).get('classes')
    if classes is None and with_own:
        kind = dataset.get('type')
        registered = DATASETS.get(kind) if isinstance(kind, str) else kind
        classes = getattr(registered, 'METAINFO', {}).get('classes')
    if isinstance(classes, str):
        return read_label_map(Path(classes))
    return list(classes) if classes else None
