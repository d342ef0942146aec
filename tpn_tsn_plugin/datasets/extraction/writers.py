"""Writing all files of a video, which appear in their place together or not at all.

They are first written to a hidden sibling of their place. A process that is killed
leaves the sibling, which nobody reads and the next run removes.
"""

import hashlib
import os
import re
import shutil
import time
import zipfile
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Protocol

from .names import CHECKSUMS, RECORD
from .records import Record, place_of

LEFTOVER = re.compile(r'\..+\.(?:partial|retired)-(?P<tag>\d+of\d+)')
# Seconds without a change after which another process's leftover has no owner.
ABANDONED = 3600
# Archives of the same content are the same; this is the earliest date they can hold.
DATE = (1980, 1, 1, 0, 0, 0)


class Sink(Protocol):
    """Where the files of a video go."""

    def write(self, name: str, content: bytes) -> None:
        """Write one file."""

    def close(self) -> None:
        """End, with nothing more to write."""


class Folder:
    """Files of their own in a new folder."""

    def __init__(self, path: Path) -> None:
        path.mkdir()
        self.path = path

    def write(self, name: str, content: bytes) -> None:
        """Write one file."""
        (self.path / name).write_bytes(content)

    def close(self) -> None:
        """End; each file is closed already."""


class Archive:
    """One file that holds all, each as it is.

    JPEG files gain nothing from being compressed again.
    """

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path, 'w', zipfile.ZIP_STORED)

    def write(self, name: str, content: bytes) -> None:
        """Write one file."""
        self._archive.writestr(zipfile.ZipInfo(name, DATE), content)

    def close(self) -> None:
        """End, with the archive's list of files."""
        self._archive.close()


SINKS: dict[str, type[Folder | Archive]] = {'jpg': Folder, 'zip': Archive}


class VideoWriter:
    """Writes the files of a video.

    Args:
        out: Folder of all videos' files.
        name: The video's.
        file_format: A key of ``SINKS``.
        tag: What tells this process's leftovers from those of others.
    """

    def __init__(self, out: Path, name: str, file_format: str, tag: str) -> None:
        self.place = place_of(out, name, file_format)
        self._partial = self.place.with_name(f'.{self.place.name}.partial-{tag}')
        self._retired = self.place.with_name(f'.{self.place.name}.retired-{tag}')
        self._checksums: list[str] = []
        self.place.parent.mkdir(parents=True, exist_ok=True)
        remove(self._partial)
        self._sink: Sink = SINKS[file_format](self._partial)

    def __enter__(self) -> 'VideoWriter':
        return self

    def __exit__(
        self,
        error_type: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._sink.close()
        remove(self._partial)

    def add(self, name: str, content: bytes) -> None:
        """Write one file.

        Raises:
            OSError: It cannot be written.
        """
        digest = hashlib.md5(content, usedforsecurity=False).hexdigest()
        self._checksums.append(f'{digest}  {name}\n')
        self._sink.write(name, content)

    def finish(self, record: Record, instead_of: Iterable[Path] = ()) -> None:
        """Write the record and put everything into its place.

        Args:
            record: How the files were made.
            instead_of: Earlier files of the video, which are removed.

        Raises:
            OSError: A file cannot be written, or something is in the place.
        """
        self._sink.write(CHECKSUMS, ''.join(self._checksums).encode())
        self._sink.write(RECORD, record.to_json().encode())
        self._sink.close()
        # What is there makes way in one step, so that no mixture is ever in place.
        for path in instead_of:
            path.rename(self._retired)
            remove(self._retired)
        self._partial.rename(self.place)


def remove(path: Path) -> None:
    """Remove a folder or a file, if there is one."""
    with suppress(FileNotFoundError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def remove_leftovers(folders: Iterable[Path], tag: str) -> None:
    """Remove what killed runs have left.

    Args:
        folders: Where to look, not further down.
        tag: This process's. What others have left is removed when it is old.
    """
    for folder in folders:
        if not folder.is_dir():
            continue
        for name in os.listdir(folder):
            match = LEFTOVER.fullmatch(name)
            if match and (match['tag'] == tag or _is_abandoned(folder / name)):
                remove(folder / name)


def _is_abandoned(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime > ABANDONED
    except FileNotFoundError:
        return False
