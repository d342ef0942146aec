"""Two nodes of two processes on this machine, as the README's section shows them.

    python tests/benchmarks/two_nodes.py

Trains a short form of the demo through mim and tests it through mim and through
torchrun, each on two nodes that meet through torchrun's rendezvous on the loopback.
Fails unless testing gives what one process gives. Then a rank, and a whole node, is
killed while training, and the time is measured until the other node has ended.
"""

import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'integration'))
from process_configs import (
    PYRAMID,
    alone,
    compare,
    options_of_testing,
    weights_of,
    write_config,
)
from process_jobs import TOOLS, Job, free_port, started
from rank_parts import DEATH, LAST_WORDS

LIMIT = 60
PROCESSES = 2


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / 'data'
        config = write_config(folder / 'pyramid.py', PYRAMID, data)
        train = ['train', config, '--work-dir', str(folder / 'w')]
        print(f'mim train: {succeed(through_mim, train, folder):.0f} s')
        weights = ['--checkpoint', weights_of(folder, 'pyramid')]
        test = ['test', config, *weights, *options_of_testing(folder, 'pyramid')]
        print(f'mim test: {succeed(through_mim, test, folder):.0f} s')
        compare(folder, 'pyramid')
        test[2:3] = []
        print(f'torchrun test.py: {succeed(through_torchrun, test, folder):.0f} s')
        compare(folder, 'pyramid')
        metrics, _ = alone(folder, 'pyramid')
        print('as one process:', metrics)
        for how, what in (('raise', 'an exception in'), ('kill', 'kill -9 of')):
            seconds = die(how, folder, data)
            print(f'{what} a rank: both nodes have ended after {seconds:.1f} s')
        for first in (True, False):
            seconds = vanish(first, folder, data)
            which = 'first' if first else 'second'
            print(f'{which} node gone: the other has ended after {seconds:.1f} s')


def through_mim(tool: str, *arguments: str, endpoint: str) -> tuple[list, dict]:
    """One node's command and what it needs in its environment."""
    launcher = ['--launcher', 'pytorch', '--gpus', str(PROCESSES)]
    environment = dict(
        PET_NNODES='2', PET_RDZV_BACKEND='c10d', PET_RDZV_ENDPOINT=endpoint
    )
    return ['-m', 'mim', tool, 'mmaction', *arguments, *launcher], environment


def through_torchrun(tool: str, *arguments: str, endpoint: str) -> tuple[list, dict]:
    """As :func:`through_mim`, without mim."""
    nodes = ['--nnodes', '2', '--nproc-per-node', str(PROCESSES)]
    meeting = ['--rdzv-backend', 'c10d', '--rdzv-endpoint', endpoint]
    script = [str(TOOLS / f'{tool}.py'), *arguments, '--launcher', 'pytorch']
    return ['-m', 'torch.distributed.run', *nodes, *meeting, *script], {}


def start_nodes(way, arguments: list[str], folder: Path, stack: ExitStack) -> list[Job]:
    """Start a command on both nodes."""
    command, environment = way(*arguments, endpoint=f'127.0.0.1:{free_port()}')
    folder.mkdir(exist_ok=True)
    return [
        stack.enter_context(started(command, folder / f'node{i}.log', **environment))
        for i in range(2)
    ]


def succeed(way, arguments: list[str], folder: Path) -> float:
    """Run on both nodes; the seconds it took."""
    start = time.time()
    with ExitStack() as stack:
        for job in start_nodes(way, arguments, folder, stack):
            assert job.wait() == 0, job.printed[-4000:]
    return time.time() - start


def dying(how: str, folder: Path, data: Path) -> list[str]:
    """Arguments of a training of which the last rank dies, or notes that it trains."""
    hook = dict(type='DyingRank', rank=3, mode='train', how=how)
    config = write_config(folder / f'{how}.py', PYRAMID, data, custom_hooks=[hook])
    return ['train', config, '--work-dir', str(folder / how)]


def die(how: str, folder: Path, data: Path) -> float:
    """Train until a rank dies; seconds from then until nothing is left."""
    with ExitStack() as stack:
        jobs = start_nodes(through_mim, dying(how, folder, data), folder, stack)
        assert all(job.wait() for job in jobs)
        assert all(job.ends_wholly() for job in jobs)
        seconds = time.time() - float((folder / how / DEATH).read_text())
        printed = jobs[0].printed + jobs[1].printed
    assert ('SIGKILL' if how == 'kill' else LAST_WORDS) in printed
    assert seconds < LIMIT
    return seconds


def vanish(first: bool, folder: Path, data: Path) -> float:
    """Train, kill all processes of a node; seconds until the other one has ended."""
    endless = [f'train_cfg.{key}=10000' for key in ('max_epochs', 'val_interval')]
    endless.append('default_hooks.checkpoint.interval=10000')
    note = folder / 'live' / DEATH
    note.unlink(missing_ok=True)
    with ExitStack() as stack:
        arguments = [*dying('live', folder, data), '--cfg-options', *endless]
        jobs = start_nodes(through_mim, arguments, folder, stack)
        while not note.exists():
            assert all(job.process.poll() is None for job in jobs), jobs[0].printed
            time.sleep(0.1)
        killed, left = jobs if first else reversed(jobs)
        start = time.time()
        for process in killed.alive():
            os.kill(process, signal.SIGKILL)
        assert left.wait() != 0
        assert left.ends_wholly()
        seconds = time.time() - start
    assert seconds < LIMIT
    return seconds


if __name__ == '__main__':
    main()
