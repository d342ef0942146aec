"""A training killed at random moments, and resumed, ends as if nothing had happened.

    python tests/benchmarks/random_kills.py --kills 20

Trains the model of ``tests/engine/resuming_run.py`` undisturbed, and then for 0, 1 and
2 workers, and with another number of workers after each kill: SIGKILL comes to the
training and its workers some random time after its first step, now and then while a
checkpoint is being written, until there were as many kills as asked for and the
training has ended. Fails unless all weights are those of the undisturbed training, bit
by bit, and so is all that the logs say of each step, before a kill and after it.
"""

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'engine'))
import torch
from broken_videos import write_good
from mmengine.hooks import Hook
from mmengine.runner import Runner
from resuming_run import STEPS, VIDEOS, make_config

CONTEXT = multiprocessing.get_context('forkserver')
WORKERS = {'0 workers': (0,), '1 worker': (1,), '2 workers': (2,), 'changed': (0, 1, 2)}
# Kills that wait for a checkpoint that is being written.
WHILE_WRITING = 0.25
# What differs between runs of the same training.
TIMES = ('time', 'data_time')


class Steps(Hook):
    """Notes each step that is done."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.path.write_text(str(runner.iter + 1))


def train(folder: Path, work_dir: str, workers: int, epochs: int) -> None:
    """Train to the end, resuming what is there."""
    os.setsid()
    log = os.open(folder / f'{work_dir}.log', os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    torch.set_num_threads(1)
    config = make_config(folder, work_dir=work_dir, workers=workers)
    config.train_cfg.max_epochs = epochs
    runner = Runner.from_cfg(config)
    runner.register_hook(Steps(folder / f'{work_dir}.step'), priority='VERY_LOW')
    runner.train()


class Training:
    """A training in processes of its own."""

    def __init__(self, folder: Path, name: str, epochs: int) -> None:
        self.folder, self.name, self.epochs = folder, name, epochs
        self.work_dir = folder / name
        self._step = folder / f'{name}.step'

    def start(self, workers: int) -> None:
        """Start or resume."""
        self._step.unlink(missing_ok=True)
        arguments = (self.folder, self.name, workers, self.epochs)
        self.process = CONTEXT.Process(target=train, args=arguments)
        self.process.start()

    def step(self) -> int:
        """Steps that are done, 0 until the first since it was started."""
        try:
            return int(self._step.read_text() or 0)
        except FileNotFoundError:
            return 0

    def wait_for(self, seen: Callable[[], bool], pause: float = 0.001) -> bool:
        """Whether something came before the end."""
        while self.process.is_alive():
            if seen():
                return True
            time.sleep(pause)
        return False

    def writes(self) -> bool:
        """Whether there is a piece of a checkpoint of this start's."""
        return any(self.work_dir.glob(f'.iter_*.{self.process.pid}.partial.pth'))

    def kill(self) -> None:
        """As kill -9 does, with the workers."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.join()

    def weights(self) -> dict:
        """What it ended with."""
        path = self.work_dir / f'iter_{self.epochs * STEPS}.pth'
        return torch.load(path, weights_only=False)['state_dict']

    def logged(self) -> dict[int, set[tuple]]:
        """What the logs of all starts say of each step: losses, rates, gradients."""
        found: dict[int, set[tuple]] = {}
        for log in self.work_dir.glob('*/vis_data/scalars.json'):
            for line in log.read_text().splitlines():
                with contextlib.suppress(json.JSONDecodeError):
                    entry = json.loads(line)
                    values = {k: v for k, v in entry.items() if k not in TIMES}
                    said = found.setdefault(entry['step'], set())
                    said.add(tuple(sorted(values.items())))
        return found


def disturb(
    training: Training, workers: tuple[int, ...], kills: int, pause: float, rng
) -> Counter:
    """Kill and resume; count where the kills came."""
    places: Counter = Counter()
    started = 0
    while True:
        training.start(workers[started % len(workers)])
        started += 1
        if places.total() == kills:
            training.process.join()
            break
        if not training.wait_for(lambda: training.step() > 0):
            break
        if rng.random() < WHILE_WRITING:
            alive = training.wait_for(training.writes, pause=0)
        else:
            time.sleep(rng.uniform(0, pause))
            alive = training.process.is_alive()
        if not alive:
            break
        training.kill()
        if training.writes():
            places['while a checkpoint was written'] += 1
        else:
            inside = training.step() % STEPS
            places['in an epoch' if inside else 'between epochs'] += 1
    if training.process.exitcode != 0:
        raise SystemExit((training.folder / f'{training.name}.log').read_text()[-3000:])
    return places


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--kills', type=int, default=20)
    parser.add_argument('--epochs', type=int, default=40)
    parser.add_argument('--seed', type=int, default=0)
    args = parser.parse_args()
    os.environ.setdefault('OMP_NUM_THREADS', '1')
    # The trainings' processes import from there, too.
    os.environ['PYTHONPATH'] = os.pathsep.join(sys.path)
    CONTEXT.set_forkserver_preload(['resuming_run'])
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), args)


def run(folder: Path, args: argparse.Namespace) -> None:
    """Train undisturbed, and disturbed in four ways."""
    for number in range(VIDEOS):
        write_good(folder / f'{number}.mp4')
    lines = [f'{number}.mp4 {number % 3}' for number in range(VIDEOS)]
    (folder / 'list.txt').write_text('\n'.join(lines) + '\n')
    undisturbed = Training(folder, 'undisturbed', args.epochs)
    undisturbed.start(0)
    undisturbed.wait_for(lambda: undisturbed.step() > 0)
    start = time.monotonic()
    undisturbed.process.join()
    seconds = time.monotonic() - start
    expected, log = undisturbed.weights(), undisturbed.logged()
    assert sorted(log) == list(range(1, args.epochs * STEPS + 1))
    rng = random.Random(args.seed)
    print(
        f'{args.epochs} epochs of {STEPS} steps, a checkpoint every two steps; '
        f'seed {args.seed}; {platform.machine()}, torch {torch.__version__}'
    )
    for name, workers in WORKERS.items():
        training = Training(folder, name.replace(' ', '-'), args.epochs)
        # Twice the mean pause of as many kills leaves it time to the end.
        places = disturb(training, workers, args.kills, seconds / args.kills, rng)
        if places.total() < args.kills:
            raise SystemExit(f'{name}: the training ended after {places}; more epochs')
        weights = training.weights()
        same_log = training.logged() == log
        same = weights.keys() == expected.keys() and all(
            torch.equal(weights[key], expected[key]) for key in expected
        )
        where = ', '.join(f'{count} {place}' for place, count in places.items())
        print(f'{name}: {places.total()} kills ({where}): ', end='')
        print('same weights' if same else 'OTHER WEIGHTS', end=', ')
        print('same log' if same_log else 'ANOTHER LOG', flush=True)
        if not (same and same_log):
            raise SystemExit(1)


if __name__ == '__main__':
    main()
