"""Which video a worker had in hand when it died, and which had done so before."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from multiprocessing.sharedctypes import RawArray
from pathlib import Path

from mmengine.runner import BaseLoop
from torch.utils.data import get_worker_info

from tpn_tsn_plugin.errors import BadVideoError

CRASH_FILE = 'crashing_videos.jsonl'
# Bytes of a worker's note; longer than any path.
SLOT = 5000
# Seconds until a process that has closed its connections is gone.
PATIENCE = 1.0
# What faulty code ends with, unlike signals that somebody sends.
CRASHES = (
    signal.SIGSEGV,
    signal.SIGABRT,
    signal.SIGBUS,
    signal.SIGFPE,
    signal.SIGILL,
)


class CrashWatch:
    """Names the video that has ended a worker, and keeps later runs away from it.

    Of a crash in native code nothing comes back but the process's id. So each worker
    notes in shared memory what it has in hand.

    Args:
        record: File with a line a crash, for the runs after this one.
        workers: The data loader's number of workers.
    """

    def __init__(self, record: Path, workers: int) -> None:
        self._record = record
        self._known = _read(record)
        self._slots = RawArray('c', SLOT * workers)

    @contextmanager
    def in_hand(self, path: str) -> Iterator[None]:
        """Note that a video is worked at.

        Raises:
            BadVideoError: It has ended a worker before, and was not changed since.
        """
        if path in self._known and self._known[path] == _state(path):
            raise BadVideoError('its decoder has crashed before')
        worker = get_worker_info()
        if worker is None:
            yield
            return
        self._note(worker.id, f'{os.getpid()} {path}')
        try:
            yield
        finally:
            self._note(worker.id, '')

    def watch(self, loop: BaseLoop) -> None:
        """Have a loop name the video where a worker of its data loader dies."""
        run = loop.run

        def run_watched() -> object:
            try:
                return run()
            except BadVideoError:
                raise
            except (RuntimeError, OSError, EOFError) as error:
                # A connection that breaks may be the first that is seen of the end.
                path = self._blamed(error)
                if path is None:
                    raise
                self._keep(path)
                raise BadVideoError(
                    f'{path} has crashed its decoder, and with it a worker of the data '
                    'loader; start again with --resume: it will count as a bad video '
                    f'until it is changed ({self._record} names it)'
                ) from error

        loop.run = run_watched

    def _blamed(self, error: BaseException | None) -> str | None:
        """The video that a crashed worker had in hand, None if there is none."""
        text = ''
        while error is not None:
            text += f'{error}\n'
            error = error.__cause__ or error.__context__
        waits = 'DataLoader' in text or 'onnection' in text
        until = time.monotonic() + (PATIENCE if waits else 0)
        while True:
            for pid, path in self._notes():
                if _has_crashed(pid, text):
                    return path
            if time.monotonic() >= until:
                return None
            # PyTorch's handler raises wherever it hears of a worker's end.
            with suppress(RuntimeError):
                time.sleep(0.01)

    def _notes(self) -> Iterator[tuple[int, str]]:
        """Yield the id of each worker that has a video in hand, and this video."""
        for start in range(0, len(self._slots), SLOT):
            note = bytes(self._slots[start : start + SLOT]).split(b'\0')[0]
            if note:
                pid, _, path = os.fsdecode(note).partition(' ')
                yield int(pid), path

    def _note(self, worker: int, text: str) -> None:
        content = os.fsencode(text)[: SLOT - 1] + b'\0'
        start = worker * SLOT
        self._slots[start : start + len(content)] = content

    def _keep(self, path: str) -> None:
        line = json.dumps(dict(path=path, state=_state(path))) + '\n'
        with self._record.open('a', encoding='utf-8') as file:
            file.write(line)


def _has_crashed(pid: int, text: str) -> bool:
    """Whether a child has ended by a crash, by its status or PyTorch's message."""
    try:
        end = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        # Somebody has asked before, and the status is gone.
        names = (signal.strsignal(number) or '' for number in CRASHES)
        return f'pid {pid})' in text and any(name in text for name in names)
    if end is None or end.si_code not in (os.CLD_KILLED, os.CLD_DUMPED):
        return False
    return int(end.si_status) in CRASHES


def _state(path: str) -> list[int]:
    """What a file's change shows in."""
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return []
    return [status.st_size, status.st_mtime_ns]


def _read(record: Path) -> dict[str, list[int]]:
    found = {}
    text = record.read_text('utf-8', errors='replace') if record.is_file() else ''
    for line in text.split('\n'):
        try:
            entry = json.loads(line)
            found[str(entry['path'])] = entry['state']
        except (ValueError, KeyError, TypeError, RecursionError):
            # A piece of a line that a kill has left.
            continue
    return found
