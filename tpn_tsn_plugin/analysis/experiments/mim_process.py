"""``mim`` as a process of its own, and what its log says of it.

A log begins each run with its command and its process group::

    $ python -m mim train mmaction …  # process group 1234 on node7
"""

import os
import platform
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tpn_tsn_plugin.datasets.lock import acquire
from tpn_tsn_plugin.errors import ExperimentError

from .shared_work import BusyError

POLL_SECONDS = 0.5
PROMPT = '$ '
GROUP = re.compile(r'# process group (\d+) on (\S+)$')


def run_mim(
    task: str,
    arguments: Sequence[str],
    *,
    name: str,
    log_file: Path,
    environment: Mapping[str, str],
    show: Callable[[], None],
) -> None:
    """Run ``mim train`` or ``mim test``; its output is appended to a log.

    Args:
        task: ``'train'`` or ``'test'``.
        arguments: What follows ``mim train mmaction``.
        name: What messages call the run.
        log_file: The log.
        environment: Environment variables.
        show: Called now and then; what it raises ends the run.

    Raises:
        BusyError: What a run that was killed has started still writes the log.
        ExperimentError: It failed; the log is named.
    """
    command = [sys.executable, '-m', 'mim', task, 'mmaction', *arguments]
    with log_file.open('a') as log:
        # Whatever runs below has this file open: it is locked until the last has ended,
        # also where this process was killed.
        if not acquire(log.fileno()):
            raise BusyError(
                f'{name} is still at work for a run that was killed, and writes '
                f'{log_file}; wait until it ends, or end it{_how_to_end(log_file)}'
            )
        begin = log.seek(0, os.SEEK_END)
        # A group of its own: mim starts the training as another process.
        process = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        group = f'# process group {process.pid} on {platform.node()}'
        log.write(f'{PROMPT}{shlex.join(command)}  {group}\n')
    try:
        while process.poll() is None:
            time.sleep(POLL_SECONDS)
            show()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()
    if process.returncode:
        raise ExperimentError(
            f'{task}ing of {name} failed: {_reason(log_file, begin)} '
            f'(whole log: {log_file})'
        )


def _how_to_end(log_file: Path) -> str:
    """The command that ends the last run of a log, where the log names its group."""
    lines = log_file.read_text(errors='replace').splitlines()
    begun = [line for line in lines if line.startswith(PROMPT)]
    named = GROUP.search(begun[-1]) if begun else None
    return f' (on {named[2]}: kill -- -{named[1]})' if named else ''


def _reason(log_file: Path, begin: int) -> str:
    """The last error after a place of the log, or its last line."""
    content = log_file.read_bytes()[begin:].decode(errors='replace')
    lines = [
        line
        for line in content.strip().splitlines()
        if not line.startswith(PROMPT) or not GROUP.search(line)
    ]
    errors = [line for line in lines if 'Error: ' in line and 'subprocess' not in line]
    return (errors or lines or ['it printed nothing'])[-1].strip()
