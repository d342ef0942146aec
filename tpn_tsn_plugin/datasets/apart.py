"""Calling what may take the whole process with it."""

import multiprocessing
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from .workers import start_worker, worker_context

Result = TypeVar('Result')


def call_apart(
    work: Callable[..., Result], *args: Any, seconds: int, crash: Exception
) -> Result:
    """Call a function in a process of its own, whose end is not that of this one.

    Args:
        work: A module-level function; what it returns and raises comes back.
        args: Its arguments.
        seconds: Time for it, after which its process ends.
        crash: What to raise where the process ends without a result.

    Raises:
        Exception: ``crash``, or what ``work`` has raised.
    """
    # A data loader's worker may not have children.
    if multiprocessing.current_process().daemon:
        return work(*args)
    with ProcessPoolExecutor(1, worker_context(), start_worker) as pool:
        try:
            return pool.submit(in_time, work, args, seconds).result()
        except BrokenProcessPool:
            raise crash from None


def in_time(work: Callable[..., Result], args: tuple, seconds: int) -> Result:
    """Call a function, and end this process if it takes too long.

    Args:
        work: The function.
        args: Its arguments.
        seconds: Time for it.
    """
    # A loop in native code comes back to no handler; the signal ends the process.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(seconds)
    try:
        return work(*args)
    finally:
        signal.alarm(0)
