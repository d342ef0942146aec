"""MMAction2's annotation lists, with errors that name the file and the line."""

from collections.abc import Mapping
from typing import Any

from mmengine.fileio import exists, list_from_file

from tpn_tsn_plugin.errors import AnnotationError

# More than anybody has; tensors hold no number of any length.
MOST_CLASSES = 2**31
# Likewise, of the number of a frame.
MOST_DIGITS = 18


def is_number(word: str) -> bool:
    """Whether a word is a whole number that NumPy and PyTorch can hold."""
    return word.isdecimal() and len(word) <= MOST_DIGITS


def read_list(ann_file: str, data_root: str | None) -> list[tuple[str, str]]:
    """Read the lines of a list that are not blank.

    Args:
        ann_file: The list.
        data_root: The dataset's, for the message.

    Returns:
        For each line where it is, for messages, and its text.

    Raises:
        AnnotationError: The list is missing, no text, or empty.
    """
    if not exists(ann_file):
        raise AnnotationError(
            f'annotation file {ann_file} does not exist; check ann_file'
            f' and data_root (got data_root={data_root!r})'
        )
    try:
        # Some editors put a mark before the first line.
        lines = list_from_file(ann_file, encoding='utf-8-sig')
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f'{ann_file} is not UTF-8 text ({error.reason} at byte '
            f'{error.start}); save it as UTF-8'
        ) from error
    except OSError as error:
        raise AnnotationError(
            f'annotation file {ann_file} cannot be read ({error.strerror})'
        ) from error
    there = [
        (f'{ann_file}, line {number}', line.strip())
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not there:
        raise AnnotationError(f'annotation file {ann_file} names no video')
    return there


def require_num_classes(multi_class: bool, num_classes: int | None) -> None:
    """Check that the length of a multi-hot label is given.

    Raises:
        ValueError: There are several labels, but no number of classes.
    """
    if multi_class and num_classes is None:
        raise ValueError(
            'multi_class=True needs num_classes, the length of a multi-hot label'
        )


def known_classes(num_classes: int | None, metainfo: Mapping[str, Any]) -> int | None:
    """Number of classes: as given, or of the class names, or None if unknown."""
    if num_classes is not None:
        return num_classes
    classes = metainfo.get('classes')
    return None if classes is None else len(classes)


def read_label(word: str, where: str, *, expected: str, classes: int | None) -> int:
    """Read a class index.

    Args:
        word: What the line says.
        where: File and line.
        expected: What a line looks like.
        classes: Number of classes, or None if unknown.

    Raises:
        AnnotationError: It is no integer, or out of range.
    """
    try:
        label = int(word)
    except ValueError:
        raise AnnotationError(
            f'{where}: label {word!r} is not an integer; expected "{expected}"'
        ) from None
    most = MOST_CLASSES if classes is None else classes
    if not 0 <= label < most:
        known = classes is not None or label > 0
        allowed = f'from 0 to {most - 1}' if known else 'from 0'
        raise AnnotationError(f'{where}: label must be {allowed}, got {label}')
    return label
