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

from tpn_tsn_plugin.errors import ExperimentError

Piece = TypeVar('Piece')
# Seconds until a piece is asked for again that somebody else is at.
PERIOD = 0.5


class BusyError(ExperimentError):
    """Somebody is at a piece who holds no lock on it."""


def work_off(
    pieces: Sequence[Piece],
    locks: Sequence[Path],
    do: Callable[[Piece, int], None],
    jobs: int,
    stop: threading.Event,
) -> None:
    """Do every piece, each under its lock.

    Where others share the folder of the locks, a piece that they are at is left until
    they have ended; then ``do`` is called here as well, and is to find it done. Where
    ``do`` finds a piece busy, it is called once more after all others.

    Args:
        pieces: What is to be done, in this order as far as it is free.
        locks: Lock file of each.
        do: Called with a piece and the number of the thread, from 0.
        jobs: Number of threads.
        stop: Set where a piece fails or the wait is interrupted; asks ``do`` to end.

    Raises:
        BusyError: A piece was busy to the end; all others were done.
        Exception: What the first piece that failed has raised.
    """
    waiting = list(zip(pieces, locks, strict=True))
    guard = threading.Lock()
    failures: list[Exception] = []
    put_off: dict[Path, BusyError] = {}
    busy: list[BusyError] = []

    def claim() -> tuple[Piece, Path, FileLock] | None:
        with guard:
            for entry in waiting:
                piece, path = entry
                lock = FileLock(path)
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    continue
                waiting.remove(entry)
                return piece, path, lock
        return None

    def work(number: int) -> None:
        while waiting and not stop.is_set():
            claimed = claim()
            if claimed is None:
                stop.wait(PERIOD)
                continue
            piece, path, lock = claimed
            try:
                do(piece, number)
            except BusyError as error:
                if path in put_off:
                    busy.append(error)
                else:
                    put_off[path] = error
                    waiting.append((piece, path))
            except Exception as error:
                failures.append(error)
                stop.set()
            finally:
                lock.release()

    _in_threads(work, jobs, stop)
    # Those that were stopped fail as well; the first says why.
    if failures or busy:
        raise [*failures, *busy][0]


def _in_threads(work: Callable[[int], None], jobs: int, stop: threading.Event) -> None:
    with ThreadPoolExecutor(jobs) as pool:
        threads = [pool.submit(work, number) for number in range(jobs)]
        try:
            for thread in threads:
                thread.result()
        except BaseException:
            # Leaving the pool waits for what is running.
            stop.set()
            raise
