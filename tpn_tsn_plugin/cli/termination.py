"""The end of a command that its user did not ask for."""

import signal
from functools import partial

import click


def end_as_by_ctrl_c(context: click.Context) -> None:
    """Treat SIGTERM, by which clusters end jobs, like Ctrl-C until a command is done.

    What is finished is then saved, and no half-written file stays.

    Args:
        context: The command's.
    """
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    context.call_on_close(partial(signal.signal, signal.SIGTERM, before))
