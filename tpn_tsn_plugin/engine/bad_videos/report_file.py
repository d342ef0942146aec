"""The file that names every bad video once a run, whoever met it."""

import fcntl
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO

from .guarded_preparation import BadVideo

REPORT_FILE = 'bad_videos.jsonl'


class ReportFile:
    """A line for each bad video of a run, through which its ranks know of each other's.

    Lines of other runs stay, and count for nothing: their videos may have been mended,
    or be of another list.

    Args:
        path: The file.
        run: What the run is called, on all ranks the same.
    """

    def __init__(self, path: Path, run: str) -> None:
        self.path = path
        self.run = run
        self._known: dict[str, set[str]] = {}
        self._end = 0

    def add(self, split: str, videos: Sequence[BadVideo]) -> list[BadVideo]:
        """Write down those that nobody has written down in this run.

        Args:
            split: ``'train'``, ``'val'`` or ``'test'``.
            videos: Bad videos.

        Returns:
            The new ones.
        """
        known = self._known.setdefault(split, set())
        if all(video.path in known for video in videos):
            return []
        new = []
        with self.path.open('a+b') as file:
            # Ranks write at the same time; closing the file gives it free.
            fcntl.flock(file, fcntl.LOCK_EX)
            self._catch_up(file)
            for video in videos:
                if video.path not in known:
                    known.add(video.path)
                    new.append(video)
                    entry = dict(run=self.run, split=split, **asdict(video))
                    file.write(_line(entry))
            self._end = file.tell()
        return new

    def count(self, split: str) -> int:
        """Bad videos of a split that all ranks have met in this run so far."""
        if self.path.exists():
            with self.path.open('a+b') as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                self._catch_up(file)
        return len(self._known.get(split, ()))

    def _catch_up(self, file: BinaryIO) -> None:
        """Read what was written since; close a line that a kill has left open."""
        size = file.seek(0, 2)
        # Somebody may have emptied it.
        file.seek(self._end if self._end <= size else 0)
        text = file.read()
        if text and not text.endswith(b'\n'):
            file.write(b'\n')
        self._end = file.tell()
        for line in text.split(b'\n'):
            try:
                entry = json.loads(line)
                if entry['run'] == self.run:
                    self._known.setdefault(entry['split'], set()).add(entry['path'])
            except (ValueError, KeyError, TypeError, RecursionError):
                # A piece of a line that a kill has left, or of before lines had runs.
                continue


def _line(entry: dict[str, str]) -> bytes:
    """A line that any editor sees as one, whatever names of files hold."""
    line = json.dumps(entry, ensure_ascii=False)
    if not line.isprintable():
        line = json.dumps(entry)
    return line.encode() + b'\n'
