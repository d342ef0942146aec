"""A thousand videos, a hundred of them broken: one epoch, and what the report lists.

    python tests/benchmarks/bad_videos.py

Makes the demo's videos, breaks some in every way of ``tests/broken_videos.py``, and
trains the demo's SlowOnly for an epoch with ``BadVideoHook``. Fails unless the report
lists the broken videos and no others.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.runner import Runner

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from broken_videos import BROKEN

import tpn_tsn_plugin  # noqa: F401
from tpn_tsn_plugin.datasets.tempo_demo import TEMPO, generate

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/demo/slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--videos', type=int, default=1000)
    parser.add_argument('--broken', type=int, default=100)
    parser.add_argument('--workers', type=int, default=2)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), args.videos, args.broken, args.workers)


def run(folder: Path, count: int, broken: int, workers: int) -> None:
    """Make, break, train, and compare."""
    others = dict.fromkeys(TEMPO.options.SPLITS, 0)
    options = TEMPO.options(**{**others, 'train': count})
    generate(folder / 'data', options)
    paths = sorted((folder / 'data').glob('**/*.mp4'))
    assert len(paths) == count, f'{len(paths)} videos were made'
    # Root may read what nobody may read.
    kinds = [kind for kind in BROKEN if kind != 'unreadable' or os.geteuid()]
    made = {}
    for number, path in enumerate(paths[:: count // broken][:broken]):
        kind = kinds[number % len(kinds)]
        path.unlink()
        BROKEN[kind](path)
        made[str(path)] = kind
    lines = [f'{path} {i % 12}' for i, path in enumerate(paths)]
    (folder / 'list.txt').write_text('\n'.join(lines) + '\n')

    config = Config.fromfile(CONFIG)
    config.train_dataloader.num_workers = workers
    config.train_dataloader.dataset = dict(
        type='VideoDataset',
        ann_file=str(folder / 'list.txt'),
        pipeline=config.train_dataloader.dataset.pipeline,
    )
    config.train_cfg = dict(type='ResumableEpochLoop', max_epochs=1)
    for name in ('val', 'test'):
        for part in ('dataloader', 'cfg', 'evaluator'):
            config.pop(f'{name}_{part}')
    config.default_hooks.checkpoint = dict(type='CheckpointHook', save_last=False)
    config.custom_hooks = [dict(type='BadVideoHook', max_bad_fraction=0.2)]
    config.work_dir, config.log_level = str(folder / 'work'), 'ERROR'
    config.randomness = dict(seed=0)
    start = time.perf_counter()
    Runner.from_cfg(config).train()
    seconds = time.perf_counter() - start

    report = (folder / 'work' / 'bad_videos.jsonl').read_text().splitlines()
    listed = [json.loads(line)['path'] for line in report]
    assert sorted(listed) == sorted(made), (
        f'{len(listed)} listed; {len(set(made) - set(listed))} not, '
        f'{len(set(listed) - set(made))} too many'
    )
    shown = ', '.join(f'{n} {kind}' for kind, n in Counter(made.values()).items())
    print(f'{count} videos, {broken} of them broken ({shown.replace("_", " ")}):')
    print(f'one epoch in {seconds:.0f} s; the report lists exactly these {len(listed)}')
    print(f'{platform.machine()}, torch {torch.__version__}, {workers} workers')


if __name__ == '__main__':
    main()
