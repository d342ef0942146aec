"""Memory and open files of a long training and of many predictions, over time.

    python tests/benchmarks/leaks.py --steps 2000 --videos 2000

Trains the model of ``tests/engine/resuming_run.py`` with two workers that start anew in
each epoch, a checkpoint every 500 steps, and predicts small videos one after the other
as ``tpn-tsn predict`` does, each in a process of its own. Every twentieth part it reads
the resident size and the open files of the process, and in training those of its
workers. Prints them, and fails if in the second half memory grows by more than 2 %,
or the number of open files by more than two, which batches on their way from a worker
have open.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'engine'))
import cv2
import torch
from broken_videos import write_good
from mmengine.hooks import Hook
from mmengine.runner import Runner
from prediction_cases import make_config as make_prediction_config
from prediction_cases import save_model
from resuming_run import STEPS, VIDEOS, make_config

from tpn_tsn_plugin.analysis.prediction.model import TrainedModel
from tpn_tsn_plugin.analysis.prediction.predictor import Predictor, WindowOptions
from tpn_tsn_plugin.analysis.prediction.steps import InputSteps
from tpn_tsn_plugin.analysis.trained_model import read_config

PARTS = 20
GROWTH, MORE_FILES = 1.02, 2


def usage() -> tuple[float, int]:
    """Resident size in MB and open files of this process and its children."""
    size, files = 0.0, 0
    own = os.getpid()
    children = Path(f'/proc/{own}/task/{own}/children').read_text().split()
    for pid in [own, *children]:
        pages = int(Path(f'/proc/{pid}/statm').read_text().split()[1])
        size += pages * os.sysconf('SC_PAGE_SIZE') / 2**20
        files += len(os.listdir(f'/proc/{pid}/fd'))
    return size, files


class Usage(Hook):
    """Reads the usage every so many steps, always at the same step of an epoch."""

    def __init__(self, interval: int) -> None:
        self.interval, self.seen = interval, []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if batch_idx == STEPS - 2 and runner.iter >= self.interval * len(self.seen):
            self.seen.append(usage())


def training(folder: Path, steps: int) -> list[tuple[float, int]]:
    """Train for so many steps."""
    for number in range(VIDEOS):
        write_good(folder / f'{number}.mp4')
    lines = [f'{number}.mp4 {number % 3}' for number in range(VIDEOS)]
    (folder / 'list.txt').write_text('\n'.join(lines) + '\n')
    config = make_config(folder, workers=2, every=500)
    config.train_dataloader.persistent_workers = False
    config.train_cfg.max_epochs = -(-steps // STEPS)
    runner = Runner.from_cfg(config)
    hook = Usage(steps // PARTS)
    runner.register_hook(hook)
    runner.train()
    return hook.seen


def predictions(folder: Path, videos: int) -> list[tuple[float, int]]:
    """Predict so many videos."""
    files = save_model(make_prediction_config(), folder)
    config = read_config(files[0])
    model = TrainedModel(config, files[1], 'cpu')
    steps = InputSteps(config, algorithm=None, warped=False)
    predictor = Predictor(model, steps, WindowOptions('auto', None, None, 4), threads=1)
    for number in range(PARTS):
        write_good(folder / f'{number}.mp4', frames=12 + number)
    seen = []
    for number in range(videos):
        predictor.predict(folder / f'{number % PARTS}.mp4')
        if (number + 1) % (videos // PARTS) == 0:
            seen.append(usage())
    return seen


KINDS = dict(training=training, predictions=predictions)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--steps', type=int, default=2000)
    parser.add_argument('--videos', type=int, default=2000)
    parser.add_argument('--child', choices=KINDS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    counts = dict(training=args.steps, predictions=args.videos)
    if args.child:
        torch.set_num_threads(1)
        with tempfile.TemporaryDirectory() as folder:
            seen = KINDS[args.child](Path(folder), counts[args.child])
        print(json.dumps(seen))
        return
    faults = [kind for kind in KINDS if not is_flat(kind, counts[kind])]
    print(f'{platform.machine()}, torch {torch.__version__}, OpenCV {cv2.__version__}')
    if faults:
        raise SystemExit(f'not flat: {", ".join(faults)}')


def is_flat(kind: str, count: int) -> bool:
    """Run one kind, print what it used, and tell whether that stays the same."""
    counts = ['--steps', str(count), '--videos', str(count)]
    command = [sys.executable, __file__, '--child', kind, *counts]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    seen = json.loads(done.stdout.splitlines()[-1])
    sizes, files = [own[0] for own in seen], [own[1] for own in seen]
    print(f'{count} steps of {kind}:')
    print(f'  memory in MB: {", ".join(f"{size:.0f}" for size in sizes)}')
    print(f'  open files:   {", ".join(map(str, files))}', flush=True)
    half = len(seen) // 2
    grown = max(sizes[-3:]) / max(sizes[half - 1 : half + 2])
    return grown < GROWTH and max(files[half:]) <= max(files[:half]) + MORE_FILES


if __name__ == '__main__':
    main()
