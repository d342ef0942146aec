"""Running a stage at a fault, and telling in a word what came of it."""

import contextlib
import multiprocessing
import os
import re
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import stages

TIMEOUT = 180
CRASH, HANG = 'crash', 'hang'
CONTEXT = multiprocessing.get_context('forkserver')


@dataclass
class Outcome:
    """How a process ended.

    Attributes:
        code: Its exit code, negative where a signal ended it; None where time did.
        text: What it printed.
    """

    code: int | None
    text: str

    def failure(self, says: str) -> str:
        """'' if it failed as it should, with a line that says so, or what else it did.

        Args:
            says: What one line must have, a regular expression.
        """
        lines = [line for line in self.text.splitlines() if re.search(says, line)]
        return '' if self.code and self.code > 0 and lines else self.fault

    @property
    def fault(self) -> str:
        """What it is where it should not have failed, or not so."""
        return HANG if self.code is None else f'{CRASH} ({self.tail})'

    @property
    def tail(self) -> str:
        """Its last line."""
        return (self.text.strip().splitlines() or [''])[-1][:300]


@dataclass
class Cell:
    """A stage at a fault, in a folder of its own.

    Attributes:
        stage: One of the columns.
        place: Folder with copies of the good data.
        options: Changes to the config, or arguments of the command.
    """

    stage: str
    place: Path
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def out(self) -> Path:
        """Where the stage writes."""
        return self.place / 'out'

    def run(
        self, stop_when: Callable[[], bool] | None = None, **options: Any
    ) -> Outcome:
        """Run the stage.

        Args:
            stop_when: Kills it as soon as this is true.
            **options: More options.
        """
        arguments = (self.stage, self.place, self.options | options)
        process = CONTEXT.Process(target=stages.start, args=arguments)
        process.start()
        end = time.monotonic() + TIMEOUT
        while process.is_alive() and time.monotonic() < end:
            if stop_when is not None and stop_when():
                break
            process.join(0.005)
        timed_out = process.is_alive() and stop_when is None
        kill_group(process.pid)
        process.join()
        log = self.place / 'log.txt'
        text = log.read_text(errors='replace') if log.is_file() else ''
        return Outcome(None if timed_out else process.exitcode, text)


def kill_group(pid: int) -> None:
    """End a process, if it has not ended, and those that it has started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def copy_of(good: Path, place: Path) -> Path:
    """A copy of the good data, whose files name this copy."""
    shutil.copytree(good, place)
    config = place / 'config.py'
    config.write_text(config.read_text().replace(str(good), str(place)))
    return place
