"""How far a prediction has come: a bar on a terminal, elsewhere some lines."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

# Seconds between two lines where there is no terminal, as in the log of a cluster.
LINE_PERIOD = 60.0

# Called with what is being done, how many videos are, and the share of the next one.
Advance = Callable[[str, int, float], None]


@contextmanager
def progress(total: int, log: Callable[[str], None]) -> Iterator[Advance]:
    """Report on the prediction of some videos.

    Args:
        total: Number of videos.
        log: Prints a line; used where the standard error is no terminal.

    Yields:
        The function to call as it goes on.
    """
    if not sys.stderr.isatty():
        yield _lines(total, log)
        return
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        TextColumn('{task.percentage:>3.0f} %'),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task('', total=total)

        def advance(text: str, done: int, share: float) -> None:
            bar.update(task, description=text, completed=done + share)

        yield advance


def _lines(total: int, log: Callable[[str], None]) -> Advance:
    start = said = time.monotonic()

    def advance(text: str, done: int, share: float) -> None:
        nonlocal said
        now = time.monotonic()
        if now - said >= LINE_PERIOD and done + share > 0:
            said = now
            left = (now - start) * (total / (done + share) - 1) / 60
            log(
                f'{text}: {100 * share:.0f} %, {done} of {total} videos done, '
                f'{left:.0f} min left'
            )

    return advance
