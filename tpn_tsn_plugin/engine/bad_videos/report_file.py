"""The file that names every bad video once, whoever met it."""

import fcntl
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .guarded_preparation import BadVideo

REPORT_FILE = 'bad_videos.jsonl'


class ReportFile:
    """A line a bad video, which all ranks and all runs of a work dir share.

    Args:
        path: The file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[str, set[str]] = {}

    def add(self, split: str, videos: Sequence[BadVideo]) -> list[BadVideo]:
        """Write down those that nobody has written down.

        Args:
            split: ``'train'``, ``'val'`` or ``'test'``.
            videos: Bad videos.

        Returns:
            The new ones.
        """
        new = []
        with self.path.open('a+', encoding='utf-8', errors='replace') as file:
            # Ranks write at the same time; closing the file gives it free.
            fcntl.flock(file, fcntl.LOCK_EX)
            file.seek(0)
            text = file.read()
            self._read(text)
            if text and not text.endswith('\n'):
                file.write('\n')
            known = self._known.setdefault(split, set())
            for video in videos:
                if video.path not in known:
                    known.add(video.path)
                    new.append(video)
                    entry = dict(split=split, **asdict(video))
                    file.write(json.dumps(entry, ensure_ascii=False) + '\n')
        return new

    def count(self, split: str) -> int:
        """Bad videos of a split that are known."""
        return len(self._known.get(split, ()))

    def _read(self, text: str) -> None:
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                self._known.setdefault(entry['split'], set()).add(entry['path'])
            except (ValueError, KeyError, TypeError, RecursionError):
                # A piece of a line that a kill has left.
                continue
