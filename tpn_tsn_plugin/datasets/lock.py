"""One run at a time, its worker processes included."""

import errno
import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Seconds that the processes of a run that was killed need to end, at most.
PATIENCE = 10.0
PERIOD = 0.05
# A file system that has no locks says one of these.
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)


@contextmanager
def locked(path: Path) -> Iterator[bool]:
    """Hold a lock on a file, which stays.

    Unlike a ``FileLock``'s, processes that are forked meanwhile hold it too: where a
    run was killed and its workers live on for a moment, the next one waits for them.

    Args:
        path: The file; made if it is not there.

    Yields:
        Whether no other run holds it.
    """
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        yield acquire(file)
    finally:
        os.close(file)


def acquire(file: int) -> bool:
    """Lock an open file for this process and all that inherit it.

    Args:
        file: Its descriptor.

    Returns:
        Whether no other run holds it.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() > deadline:
                return False
            time.sleep(PERIOD)
        except OSError as error:
            if error.errno in NO_LOCKS:
                return True
            raise
