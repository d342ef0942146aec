"""Pieces of work, done once by whoever comes first: threads, processes, machines.

A lock file stands for the right to do a piece. The system takes it back when its owner
ends, however that happens, so nothing stays claimed by the dead.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from filelock import FileLock, Timeout

Piece = TypeVar('Piece')
# Seconds until a piece is asked for again that somebody else is at.
PERIOD = 0.5


def work_off(
    pieces: Sequence[Piece],
    locks: Sequence[Path],
    do: Callable[[Piece, int], None],
    jobs: int,
    stop: threading.Event,
) -> None:
    """Do every piece, each under its lock.

    Where others share the folder of the locks, a piece that they are at is left until
    they have ended; then ``do`` is called here as well, and is to find it done.

    Args:
        pieces: What is to be done, in this order as far as it is free.
        locks: Lock file of each.
        do: Called with a piece and the number of the thread, from 0.
        jobs: Number of threads.
        stop: Set where a piece fails or the wait is interrupted; asks ``do`` to end.

    Raises:
        Exception: What the first piece that failed has raised.
    """
    waiting = list(zip(pieces, locks, strict=True))
    guard = threading.Lock()
    failures: list[Exception] = []

    def claim() -> tuple[Piece, FileLock] | None:
        with guard:
            for entry in waiting:
                piece, path = entry
                lock = FileLock(path)
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue
                waiting.remove(entry)
                return piece, lock
        return None

    def work(number: int) -> None:
        while waiting and not stop.is_set():
            claimed = claim()
            if claimed is None:
                stop.wait(PERIOD)
                continue
            piece, lock = claimed
            try:
                do(piece, number)
            except Exception as error:
                failures.append(error)
                stop.set()
            finally:
                lock.release()

    with ThreadPoolExecutor(jobs) as pool:
        threads = [pool.submit(work, number) for number in range(jobs)]
        try:
            for thread in threads:
                thread.result()
        except BaseException:
            # Leaving the pool waits for what is running.
            stop.set()
            raise
    # Those that were stopped fail as well; the first says why.
    if failures:
        raise failures[0]
