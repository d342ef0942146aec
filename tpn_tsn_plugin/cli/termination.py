"""Commands that are ended from outside."""

import signal
from types import FrameType

import click

# Ctrl-C, and what clusters send to end a job.
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def end_tidily(context: click.Context) -> None:
    """Have a command tidy up whoever ends it: as a ``KeyboardInterrupt``, and once.

    What is finished is then saved, no half-written file stays, and what was started is
    ended too. While that is done, which takes some seconds, further signals say nothing
    new: people press Ctrl-C several times, and some clusters send SIGTERM twice.

    Args:
        context: The command's.
    """
    before = {number: signal.signal(number, _interrupt) for number in SIGNALS}

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    context.call_on_close(restore)


def _interrupt(number: int, frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt
