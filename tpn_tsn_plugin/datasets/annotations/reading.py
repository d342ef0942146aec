"""Reading annotation files, with errors of one line."""

import csv
import json
import os.path as osp
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import Any

from mmengine.fileio import get_text

from tpn_tsn_plugin.errors import AnnotationError

from ..video_files import some_of
from .recognise import NO_JSON, recognise

# Some editors put a mark before the first line.
ENCODING = 'utf-8-sig'


def read_text(path: str | Path, expected: str) -> str:
    """Read a text file.

    Args:
        path: The file.
        expected: What it should be, for the message.

    Raises:
        AnnotationError: It cannot be read, or is not text.
    """
    try:
        return str(get_text(path, encoding=ENCODING))
    except UnicodeDecodeError as error:
        raise AnnotationError(
            f'{path}: expected {expected}, found a file that is not UTF-8 text'
        ) from error
    except OSError as error:
        raise AnnotationError(
            f'{path}: expected {expected}, but it cannot be read ({error.strerror})'
        ) from error


def read_lines(path: str | Path, expected: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a text file that are not blank, with their numbers.

    Raises:
        AnnotationError: The file cannot be read or is empty.
    """
    lines = read_text(path, expected).splitlines()
    if not any(line.strip() for line in lines):
        raise AnnotationError(f'{path}: expected {expected}, found an empty file')
    for number, line in enumerate(lines, 1):
        if line.strip():
            yield number, line.strip()


def read_json(path: str | Path, expected: str) -> Any:
    """Read a JSON file.

    Raises:
        AnnotationError: It cannot be read or is no JSON.
    """
    text = read_text(path, expected)
    try:
        return json.loads(text)
    except NO_JSON as error:
        raise foreign(path, expected, text) from error


def read_rows(
    path: str | Path, columns: Collection[str], expected: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the rows of a CSV file, by column, with the numbers of their lines.

    Args:
        path: The file.
        columns: Those that it must have.
        expected: What it should be.

    Raises:
        AnnotationError: The file cannot be read or lacks a column.
    """
    text = read_text(path, expected)
    reader = csv.DictReader(text.splitlines())
    try:
        names = set(reader.fieldnames or ())
    except csv.Error as error:
        raise foreign(path, expected, text) from error
    if not set(columns) <= names:
        raise foreign(path, expected, text)
    try:
        for row in reader:
            if None in row or None in row.values():
                raise AnnotationError(
                    f'{path}, line {reader.line_num}: a line must have '
                    f'{len(reader.fieldnames or ())} columns; restore the file'
                )
            yield reader.line_num, row
    except csv.Error as error:
        raise AnnotationError(
            f'{path}, line {reader.line_num}: no line of a CSV file ({error}); restore '
            'the file'
        ) from error


def foreign(path: str | Path, expected: str, text: str) -> AnnotationError:
    """The error for a file of another data set.

    Args:
        path: The file.
        expected: What it should be.
        text: All of it.
    """
    return AnnotationError(
        f"{path}: expected {expected}, found {recognise(text)}; give the data set's "
        'own file'
    )


def wrong_line(
    path: str | Path, number: int, line: str, expected: str
) -> AnnotationError:
    """The error for a line that cannot be used.

    Args:
        path: The file.
        number: Number of the line, from 1.
        line: The line.
        expected: What the file should be.
    """
    # The kind of file shows in any line, but JSON only in all of it.
    found = recognise(read_text(path, expected) if line[0] in '[{' else line)
    return AnnotationError(
        f'{path}, line {number}: expected {expected}, found {found}; give the data '
        "set's own file"
    )


def find_file(folder: str | Path, names: Iterable[str], expected: str) -> Path:
    """Return the first file of several names that is in a folder.

    Args:
        folder: The folder.
        names: The file may be called one of these.
        expected: What the folder should hold.

    Raises:
        AnnotationError: None is there.
    """
    names = list(names)
    for name in names:
        # Unlike Path.is_file, takes names that no file can have.
        if osp.isfile(Path(folder) / name):
            return Path(folder) / name
    raise wrong_folder(folder, f'{expected}, with {" or ".join(names)}')


def require_text(text: Any, where: str) -> str:
    """Check that a text can be a line of a list.

    Args:
        text: What a file says.
        where: File and place in it.

    Raises:
        AnnotationError: It is no text, empty, or more than a line.
    """
    if not isinstance(text, str) or not text.strip() or not text.isprintable():
        raise AnnotationError(
            f'{where} must be one line of text, got {text!r}; give the official file'
        )
    return text


def require_name(name: Any, where: str) -> str:
    """Check that a name of a video is no path, which could lead anywhere.

    Args:
        name: What a file says.
        where: File and place in it.

    Raises:
        AnnotationError: It is one, or no text.
    """
    if '/' in require_text(name, where):
        raise AnnotationError(
            f'{where} must be a name, got the path {name!r}; give the official file'
        )
    return str(name)


def wrong_folder(folder: str | Path, expected: str) -> AnnotationError:
    """The error for a folder of another data set.

    Args:
        folder: The folder.
        expected: What it should hold.
    """
    if Path(folder).is_dir():
        inside = sorted(path.name for path in Path(folder).iterdir())
        found = some_of(inside) if inside else 'nothing in it'
    else:
        found = 'a file' if Path(folder).is_file() else 'no such folder'
    return AnnotationError(
        f'{folder}: expected the folder of {expected}, found {found}; give the data '
        "set's own folder"
    )
