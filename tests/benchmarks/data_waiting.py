"""How much of a training step is spent waiting for data, as lines for a README.

    python tests/benchmarks/data_waiting.py configs/two_stream/two-stream-conv_….py

Trains the config through MMEngine's runner for some epochs and reads its own timers:
``data_time`` is what a step waits for its batch, ``time`` is the whole step. The first
steps, in which workers start, are left out. The data are generated beforehand.
"""

import argparse
import logging
import os
import platform
import statistics
import tempfile

import cv2
import torch
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner

import tpn_tsn_plugin  # noqa: F401

STEPS_LEFT_OUT = 5


class Steps(Hook):
    """Keeps what the runner's timer measured of each step."""

    # after the timer
    priority = 'VERY_LOW'

    def __init__(self) -> None:
        self.waited: list[float] = []
        self.taken: list[float] = []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        for values, key in ((self.waited, 'data_time'), (self.taken, 'time')):
            values.append(runner.message_hub.get_scalar(f'train/{key}').data[0][-1])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='config to train')
    parser.add_argument('--epochs', type=int, default=2)
    parser.add_argument('--workers', type=int, default=2)
    args = parser.parse_args()
    config = Config.fromfile(args.config)
    config.train_cfg.update(max_epochs=args.epochs, val_interval=args.epochs + 1)
    config.train_dataloader.update(
        num_workers=args.workers, persistent_workers=args.workers > 0
    )
    config.log_level = logging.WARNING
    steps = Steps()
    with tempfile.TemporaryDirectory() as work_dir:
        config.work_dir = work_dir
        runner = Runner.from_cfg(config)
        runner.register_hook(steps)
        runner.train()
    waited, taken = steps.waited[STEPS_LEFT_OUT:], steps.taken[STEPS_LEFT_OUT:]
    shares = sorted(w / t for w, t in zip(waited, taken, strict=True))
    low, high = shares[len(shares) // 10], shares[-1 - len(shares) // 10]
    print('| steps | step, ms | waiting, ms | share of all steps | of a step |')
    print('|---|---|---|---|---|')
    print(
        f'| {len(shares)} | {1e3 * statistics.median(taken):.0f} '
        f'| {1e3 * statistics.median(waited):.0f} | {sum(waited) / sum(taken):.1%} '
        f'| {statistics.median(shares):.1%} ({low:.1%} to {high:.1%}) |'
    )
    print(
        f'\nMedians; shares of a step with the 10th and 90th percentile. '
        f'{args.workers} workers, {len(os.sched_getaffinity(0))} cores, '
        f'{torch.get_num_threads()} threads, {platform.machine()}, torch '
        f'{torch.__version__}, OpenCV {cv2.__version__}.'
    )


if __name__ == '__main__':
    main()
