"""Commands that start processes of their own, none of which outlives a test."""

import os
import signal
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import mmaction

TOOLS = Path(mmaction.__file__).parent / '.mim' / 'tools'
ROOT = Path(__file__).resolve().parents[2]
# Processes of a job inherit it, wherever they put themselves: torchrun's ranks have
# sessions of their own, so no process group holds them all.
MARK = 'PROCESS_JOB'
# Data loader workers look every five seconds whether their rank is there.
PATIENCE = 20


class Job:
    """A command that runs, and what it has printed.

    Args:
        command: What Python runs.
        log: File for all that is printed.
        env: Environment beside this process's.
    """

    def __init__(self, command: Sequence[str], log: Path, **env: str) -> None:
        self.log = log
        self.mark = uuid.uuid4().hex
        paths = [str(ROOT), str(ROOT / 'tests' / 'integration')]
        environment = {
            **os.environ,
            'PYTHONPATH': os.pathsep.join(paths),
            'OMP_NUM_THREADS': '1',
            'CUDA_VISIBLE_DEVICES': '',
            MARK: self.mark,
            **env,
        }
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open('w') as file:
            self.process = subprocess.Popen(
                [sys.executable, *map(str, command)],
                cwd=log.parent,
                env=environment,
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def wait(self, timeout: float = 300) -> int:
        """Exit code of the command, once it has ended."""
        return self.process.wait(timeout)

    @property
    def printed(self) -> str:
        """What it and all its processes have printed."""
        return self.log.read_text(errors='replace')

    def alive(self) -> list[int]:
        """Ids of its processes that run."""
        mark, found = f'{MARK}={self.mark}'.encode(), []
        for path in Path('/proc').glob('[0-9]*'):
            try:
                if mark in (path / 'environ').read_bytes():
                    found.append(int(path.name))
            except OSError:
                continue
        return found

    def ends_wholly(self) -> bool:
        """Whether all its processes end, workers of the data loaders too."""
        end = time.monotonic() + PATIENCE
        while self.alive() and time.monotonic() < end:
            time.sleep(0.1)
        return not self.alive()

    def stop(self) -> None:
        """End what is left of it."""
        while left := self.alive():
            for process in left:
                try:
                    os.kill(process, signal.SIGKILL)
                except ProcessLookupError:
                    continue
            self.process.poll()
            time.sleep(0.05)
        self.process.wait()


@contextmanager
def started(command: Sequence[str], log: Path, **env: str) -> Iterator[Job]:
    """Start a command that has ended afterwards, with all its processes."""
    job = Job(command, log, **env)
    try:
        yield job
    finally:
        job.stop()


def finished(command: Sequence[str], log: Path, **env: str) -> str:
    """Run a command that must succeed; what it printed."""
    with started(command, log, **env) as job:
        assert job.wait() == 0, job.printed[-4000:]
        return job.printed


def launch(processes: int) -> list[str]:
    """What ``mim … --launcher pytorch --gpus N`` hands to Python."""
    options = [f'--nproc_per_node={processes}', f'--master_port={free_port()}']
    return ['-m', 'torch.distributed.launch', *options]


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        return probe.getsockname()[1]
