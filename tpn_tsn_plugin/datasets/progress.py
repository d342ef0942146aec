"""Showing how far a job has come: a bar on a terminal, two lines elsewhere."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

# Called with the number of jobs done and of all jobs, first with none done.
Report = Callable[[int, int], None]


class RateColumn(ProgressColumn):
    """Jobs per second."""

    def render(self, task: Task) -> Text:
        """Show the task's speed once it is known."""
        return Text('' if task.speed is None else f'{task.speed:.0f}/s')


@contextmanager
def progress(text: str, log: Callable[[str], None]) -> Iterator[Report]:
    """Report on a job that may turn out to have nothing to do.

    Args:
        text: What is being done.
        log: Prints a line; used where the standard error is no terminal.

    Yields:
        The function to call as the job goes on. Nothing is shown before its first
        call.
    """
    if not sys.stderr.isatty():
        yield _lines(text, log)
        return
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield _bar(text, bar)


def _lines(text: str, log: Callable[[str], None]) -> Report:
    def report(done: int, total: int) -> None:
        if done == 0:
            log(f'{text}: {total} to make')
        elif done == total:
            log(f'{text}: {total} made')

    return report


def _bar(text: str, bar: Progress) -> Report:
    task: TaskID | None = None

    def report(done: int, total: int) -> None:
        nonlocal task
        if task is None:
            task = bar.add_task(text, total=total)
        bar.update(task, completed=done)

    return report
