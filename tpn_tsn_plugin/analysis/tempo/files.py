"""Files of a tempo study: each is written whole, and belongs to known settings."""

import csv
import hashlib
import io
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.errors import TempoStudyError
from tpn_tsn_plugin.output_files import write_whole

SETTINGS = 'settings.json'
# Not a part: what the report of the folder consists of.
FINISHED = 'finished'
# Suffixes of files that not all reports have.
OPTIONAL = ('.csv', '.png')


def write_table(path: Path, rows: Sequence[Any]) -> None:
    """Write dataclass instances of one kind as CSV, with a line of names."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, list(asdict(rows[0])), lineterminator='\n')
        writer.writeheader()
        writer.writerows(_plain(asdict(row)) for row in rows)
    write_whole(path, text.getvalue())


class Tables:
    """Tables that are written into a folder.

    Args:
        folder: The folder.

    Attributes:
        names: Of the files, as they are written.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.names: list[str] = []

    def write(self, name: str, rows: Sequence[Any]) -> None:
        """Write a table, see :func:`write_table`."""
        write_table(self.folder / name, rows)
        self.names.append(name)


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers with the digits that mean something; nothing for what is not known."""
    return {
        key: f'{value:.6g}' if isinstance(value, float) else value
        for key, value in row.items()
    }


@dataclass(frozen=True)
class Part:
    """A part of a study.

    Attributes:
        name: What it is called.
        settings: What it depends on; plain values.
        kept: Pattern of the files that are used again while the settings stay.
    """

    name: str
    settings: Mapping[str, Any]
    kept: str = ''


def claim_folder(folder: Path, parts: Sequence[Part], force: bool = False) -> None:
    """Take a folder for a study, or go on with one that has the same settings.

    A part that the folder does not have yet is added. Parts without kept files are
    noted by :func:`finish_folder`, when they are there. What is kept for a part that is
    left out now stays for a later study that has it.

    Args:
        folder: The folder.
        parts: What the study consists of.
        force: Whether what was made with other settings is thrown away, and the report
            written without parts that it has.

    Raises:
        TempoStudyError: The folder holds something else; or ``force`` is off, and it
            holds a part with other settings, or one that is left out now.
    """
    folder.mkdir(parents=True, exist_ok=True)
    before = _read_settings(folder)
    now = _plain_settings(parts)
    differing = {
        part.name: _differing(before[part.name], now[part.name])
        for part in parts
        if part.name in before
    }
    changed = [part for part in parts if differing.get(part.name)]
    if changed and not force:
        name = changed[0].name
        raise TempoStudyError(
            f'{folder} holds {name} made with another {" and ".join(differing[name])}; '
            'choose another folder with --out, or make them again with --force'
        )
    dropped = [name for name in _finished(before, 'parts') if name not in now]
    if dropped and not force:
        raise TempoStudyError(
            f'the report in {folder} has {" and ".join(dropped)}, which would be lost; '
            'name them again, choose another folder with --out, or leave them out with '
            '--force'
        )
    for part in changed:
        for path in folder.glob(part.kept) if part.kept else ():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    _note(folder, before, [part for part in parts if part.kept])


def _finished(settings: Mapping[str, Any], what: str) -> list[str]:
    """Names of parts or files that the folder's report has."""
    found = settings.get(FINISHED, {}).get(what)
    if not isinstance(found, list):
        return []
    return [name for name in found if isinstance(name, str)]


def _differing(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Settings that are not the same; one that is not noted counts as not given."""
    return [key for key in {**new, **old} if old.get(key) != new.get(key)]


def finish_folder(folder: Path, parts: Sequence[Part], files: Sequence[str]) -> None:
    """Note what a study that is complete was made with, and take away what it has not.

    Args:
        folder: The folder.
        parts: What the study consists of.
        files: Names of the files that were written and may be left out by another.
    """
    before = _read_settings(folder)
    for name in _finished(before, 'files'):
        known = Path(name).name == name and name.endswith(OPTIONAL)
        if known and name not in files:
            (folder / name).unlink(missing_ok=True)
    content = dict(parts=[part.name for part in parts], files=list(files))
    _note(folder, {**before, FINISHED: content}, parts)


def _note(folder: Path, before: Mapping[str, Any], parts: Sequence[Part]) -> None:
    settings = {**before, **_plain_settings(parts)}
    write_whole(folder / SETTINGS, json.dumps(settings, indent=1) + '\n')


def _plain_settings(parts: Sequence[Part]) -> dict[str, Any]:
    """Settings as JSON gives them back."""
    settings = {part.name: part.settings for part in parts}
    return dict(json.loads(json.dumps(settings)))


def digest_text(text: str) -> str:
    """Tell a text from others."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest(*paths: Path) -> str:
    """Tell files from others of the same names."""
    found = hashlib.sha256()
    for path in paths:
        with path.open('rb') as file:
            found.update(hashlib.file_digest(file, 'sha256').digest())
    return found.hexdigest()[:16]


def _read_settings(folder: Path) -> dict[str, Any]:
    path = folder / SETTINGS
    if path.exists():
        try:
            found = json.loads(path.read_text())
        except (ValueError, RecursionError):
            found = None
        if isinstance(found, dict) and all(
            isinstance(settings, dict) for settings in found.values()
        ):
            return found
    if any(folder.iterdir()):
        raise TempoStudyError(
            f'{folder} is not empty and holds no tempo study (no usable {SETTINGS}); '
            'choose another folder with --out'
        )
    return {}
