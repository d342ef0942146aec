"""How far an extraction has come: a bar on a terminal, elsewhere some lines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from .pool import Report, State

# Seconds between two lines where there is no terminal, as in the log of a cluster.
LINE_PERIOD = 60.0


class _Rate:
    """Frames per second since the start, and what is left at that pace."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def frames_per_second(self, state: State) -> float:
        return state.fields / max(time.monotonic() - self._start, 1e-6)

    def minutes_left(self, state: State) -> float | None:
        if not state.videos:
            return None
        elapsed = time.monotonic() - self._start
        return elapsed * (state.total - state.videos) / state.videos / 60


@contextmanager
def progress(text: str, log: Callable[[str], None]) -> Iterator[Report]:
    """Report on an extraction that may turn out to have nothing to do.

    Args:
        text: What is being done.
        log: Prints a line; used where the standard error is no terminal.

    Yields:
        The function to call as it goes on. Nothing is shown before its first call.
    """
    if not sys.stderr.isatty():
        yield _lines(text, log)
        return
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        TextColumn('{task.fields[videos]} videos'),
        TextColumn('{task.fields[rate]} frames/s'),
        TimeRemainingColumn(),
    )
    bar = Progress(*columns, console=Console(stderr=True))
    try:
        yield _bar(text, bar)
    finally:
        bar.stop()


def _bar(text: str, bar: Progress) -> Report:
    task: TaskID | None = None
    rate = _Rate()

    def report(state: State) -> None:
        nonlocal task
        done = f'{int(state.videos)}/{state.total}'
        pace = _number(rate.frames_per_second(state))
        if task is None:
            # Not earlier: a thread that draws must not be there when processes fork.
            bar.start()
            task = bar.add_task(text, total=state.total, videos=done, rate=pace)
        bar.update(task, completed=state.videos, videos=done, rate=pace)

    return report


def _lines(text: str, log: Callable[[str], None]) -> Report:
    rate = _Rate()
    said: float | None = None

    def report(state: State) -> None:
        nonlocal said
        now = time.monotonic()
        if said is None:
            log(f'{text}: {state.total} videos to extract')
            said = now
        elif now - said >= LINE_PERIOD and state.videos < state.total:
            said = now
            left = rate.minutes_left(state)
            log(
                f'{text}: {int(state.videos)} of {state.total} videos, '
                f'{_number(rate.frames_per_second(state))} frames/s'
                + ('' if left is None else f', {left:.0f} min left')
            )

    return report


def _number(value: float) -> str:
    return f'{value:.1f}' if value < 10 else f'{value:.0f}'
