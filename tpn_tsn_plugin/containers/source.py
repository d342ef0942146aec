"""A file of which a few bytes here and there are read."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager

# Parts that are looked at, so that a file made to have millions of them is left soon.
MOST_PARTS = 10_000


class Source:
    """Bytes of an open file.

    Args:
        descriptor: The file.
        size: Its bytes.
    """

    def __init__(self, descriptor: int, size: int) -> None:
        self._descriptor = descriptor
        self.size = size

    def read(self, place: int, count: int) -> bytes:
        """Read bytes at a place; fewer of them where the file ends."""
        if place >= self.size:
            return b''
        return os.pread(self._descriptor, count, place)


@contextmanager
def open_source(path: str | os.PathLike[str]) -> Iterator[Source | None]:
    """Open a file, or nothing where there is none that can be read."""
    try:
        # What is no regular file may keep its reader waiting.
        regular = stat.S_ISREG(os.stat(path).st_mode)
        descriptor = os.open(path, os.O_RDONLY) if regular else None
    except (OSError, ValueError):
        descriptor = None
    if descriptor is None:
        yield None
        return
    try:
        yield Source(descriptor, os.fstat(descriptor).st_size)
    finally:
        os.close(descriptor)
