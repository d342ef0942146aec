"""Names of classes: from a file, from the config's dataset, or numbers.

Files may have one name a line, as MMAction2's ``label_map_k400.txt``, or a number
beside each: ``1 ApplyEyeMakeup`` (UCF101's ``classInd.txt``), ``1: bend``, or
``crafting,0``. Numbers start at 0 or 1 and have no gaps.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmengine.config import Config

from tpn_tsn_plugin.datasets.config_entry import find_dataset
from tpn_tsn_plugin.errors import AnnotationError
from tpn_tsn_plugin.registry import DATASETS

NUMBERED = (
    re.compile(r'(?P<number>\d+)\s*[:,;\s]\s*(?P<name>\S.*)'),
    re.compile(r'(?P<name>.*\S)\s*[,;\t]\s*(?P<number>\d+)'),
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
    for pattern in NUMBERED:
        matches = [match for line in lines if (match := pattern.fullmatch(line))]
        if len(matches) == len(lines):
            numbers = [int(match['number']) for match in matches]
            return _in_order(path, numbers, [match['name'] for match in matches])
    return lines


def find_class_names(
    config: Config, classes: Mapping[str, int], files: Mapping[str, Path]
) -> ClassNames:
    """Find the names of a model's classes, and check that there is one for each.

    Args:
        config: Its test dataset may name the classes.
        classes: Number of classes by task, ``ONLY`` where there is one alone.
        files: The user's label maps by task, ``ONLY`` for one that names no task.

    Returns:
        Names by task; classes that nothing names are called ``class 17``.

    Raises:
        AnnotationError: A label map has another number of names than the classifier
            has classes, cannot be read, or is for a task that the model has not.
    """
    _require_tasks(classes, files)
    names: ClassNames = {}
    for task, count in classes.items():
        if task in files:
            names[task] = read_label_map(files[task])
            source = f'label map {files[task]}'
        elif task == ONLY and (known := _dataset_classes(config)):
            names[task] = known
            source = "the config's test dataset"
        else:
            names[task] = [f'class {index}' for index in range(count)]
            continue
        if len(names[task]) != count:
            whose = f'task {task!r}' if task else 'the classifier'
            raise AnnotationError(
                f'{source} has {len(names[task])} names, but {whose} has {count} '
                'classes; give the label map of the data that it was trained on '
                '(--labels)'
            )
    return names


def _in_order(path: Path, numbers: Sequence[int], names: Sequence[str]) -> list[str]:
    first = min(numbers)
    if first > 1 or sorted(numbers) != list(range(first, first + len(numbers))):
        raise AnnotationError(
            f'label map {path} must number {len(numbers)} classes from 0 or 1 on '
            f'without gaps, got {first} to {max(numbers)}, {len(set(numbers))} of them '
            'different'
        )
    return [name for _, name in sorted(zip(numbers, names))]


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


def _dataset_classes(config: Config) -> list[str] | None:
    """Classes that the test dataset knows, without building it."""
    dataset = find_dataset(config, 'test')
    kind = dataset.get('type')
    registered = DATASETS.get(kind) if isinstance(kind, str) else kind
    metainfo = {
        **getattr(registered, 'METAINFO', {}),
        **(dataset.get('metainfo') or {}),
    }
    classes = metainfo.get('classes')
    if isinstance(classes, str):
        return read_label_map(Path(classes))
    return list(classes) if classes else None
