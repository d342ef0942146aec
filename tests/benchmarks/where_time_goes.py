"""Where time and memory go in TPN-SlowOnly-R50 8×8.

    python tests/benchmarks/where_time_goes.py --rounds 3 --batch 2 --json parts.json

A training step on crops of 224, validation of one view and testing of ten views of 256,
by part of the model; reading of the videos by step of the pipeline; extraction of
optical flow; start-up. Processor time on one thread, medians of rounds. Backward time
is parted where gradients reach the outputs of parts; the auxiliary head's counts for
the neck.
Kept bytes are those of the tensors that autograd holds for the backward pass, each
counted once, for the part that made it hold them; parameters are not among them.
"""

import argparse
import copy
import statistics
import tempfile
import time
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import cv2
import decord
import torch
from cost_steps import noise
from dis_presets import PRESETS
from mmengine.config import Config
from mmengine.optim import build_optim_wrapper
from one_thread import keep, use_one_thread
from part_watch import Watch
from start_up import imports

from tpn_tsn_plugin.analysis.benchmark.measure import peak_bytes
from tpn_tsn_plugin.analysis.trained_model import build_model
from tpn_tsn_plugin.functional.optical_flow import estimate_pairs, quantise
from tpn_tsn_plugin.registry import TRANSFORMS

ROOT = Path(__file__).resolve().parents[2]
NAME = 'tpn-slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
CLIP = ROOT.parent / 'shared/media/arm_wrestling.mp4'
QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 95]


def train(config, batch_size, rounds):
    """Seconds of forward and backward by part, and kept bytes; and the peak."""
    model = build_model(config).train()
    batch = noise((1, 3, 8, 224, 224), batch_size)
    optimiser = build_optim_wrapper(model, copy.deepcopy(config.optim_wrapper))
    for group in optimiser.optimizer.param_groups:
        group['lr'] = 0.0
    watch, taken = Watch(model), []

    def step():
        watch.seconds.clear()
        watch.arrived.clear()
        times = [time.process_time()]
        data = model.data_preprocessor(copy.deepcopy(batch), training=True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
        times.append(time.process_time())
        optimiser.backward(loss)
        times.append(time.process_time())
        optimiser.step()
        optimiser.zero_grad()
        times.append(time.process_time())
        taken.append(
            dict(
                forward=dict(watch.seconds),
                backward=watch.backward_seconds(*times[1:3]),
                optimiser=times[3] - times[2],
                whole=times[3] - times[0],
            )
        )

    with watch.keeping():
        step()
    kept = dict(watch.kept)
    for _ in range(rounds):
        step()
    taken = taken[1:]
    peak = peak_bytes(step, 'cpu')
    weights = sum(p.nbytes for p in model.parameters())
    return dict(rounds=taken, kept=kept, peak=peak, weights=weights, videos=batch_size)


def test(config, shape, rounds):
    """Seconds by part, and the peak."""
    model = build_model(config).eval()
    batch, watch, taken = noise(shape, 1), Watch(model), []

    def step():
        watch.seconds.clear()
        start = time.process_time()
        with torch.no_grad():
            model.test_step(copy.deepcopy(batch))
        whole = time.process_time() - start
        taken.append(dict(forward=dict(watch.seconds), whole=whole))

    for _ in range(rounds + 1):
        step()
    taken = taken[1:]
    return dict(rounds=taken, peak=peak_bytes(step, 'cpu'))


def load(config, split, rounds):
    """Seconds of each step of a pipeline on a real clip, and of the whole."""
    steps = config[f'{split}_dataloader'].dataset.pipeline
    steps = [TRANSFORMS.build(step) for step in steps]
    taken = []
    for _ in range(rounds + 1):
        results = dict(filename=str(CLIP), label=0, start_index=0, modality='RGB')
        parts = defaultdict(float)
        for step in steps:
            start = time.process_time()
            results = step(results)
            parts[type(step).__name__] += time.process_time() - start
        taken.append(dict(parts))
    return taken[1:]


def extraction(count):
    """Milliseconds a frame of each part of an extraction."""
    times = {}

    def timed(name, function):
        start = time.process_time()
        result = function()
        times[name] = 1e3 * (time.process_time() - start) / count
        return result

    reader = decord.VideoReader(str(CLIP), num_threads=1)
    frames = timed('decoding', lambda: reader.get_batch(range(count + 1)).asnumpy())
    greys = timed('grey', lambda: [cv2.cvtColor(f, cv2.COLOR_RGB2GRAY) for f in frames])
    pairs = list(pairwise(greys))
    fields = timed('DIS', lambda: list(estimate_pairs(pairs, 'dis')))
    timed('DIS, fast', lambda: list(estimate_pairs(pairs, 'dis', PRESETS['fast'])))
    few = pairs[:4]
    start = time.process_time()
    list(estimate_pairs(few, 'tvl1_torch'))
    times['TV-L1, PyTorch'] = 1e3 * (time.process_time() - start) / len(few)
    levels = timed('grey levels', lambda: [quantise(field) for field in fields])
    with tempfile.TemporaryDirectory() as folder:

        def write():
            for number, field in enumerate(levels):
                for axis in (0, 1):
                    path = f'{folder}/{axis}_{number}.jpg'
                    cv2.imwrite(path, field[..., axis], QUALITY)

        timed('writing JPEG', write)
        size = sum(path.stat().st_size for path in Path(folder).iterdir())
    return dict(milliseconds=times, bytes_a_field=size / count)


def middle(rows, *keys):
    """The median over rounds of a value."""

    def value(row):
        for key in keys:
            row = row.get(key, 0.0)
        return row

    return statistics.median(map(value, rows))


def print_models(training, validation, testing):
    rows, mib = training['rounds'], 2**20
    whole = middle(rows, 'whole')
    print(
        '| | training: forward, s | backward, s | share | kept, MiB | validation, s '
        '| ten views, s | share |'
    )
    print('|---|---:|---:|---:|---:|---:|---:|---:|')
    parts = list(dict.fromkeys([*rows[0]['forward'], 'neck']))
    tests = validation['rounds'], testing['rounds']
    wholes = [middle(some, 'whole') for some in tests]
    for part in parts:
        ahead = middle(rows, 'forward', part)
        back = middle(rows, 'backward', part)
        views = [middle(some, 'forward', part) for some in tests]
        print(
            f'| {part} | {ahead:.2f} | {back:.2f} | {(ahead + back) / whole:.0%} '
            f'| {training["kept"].get(part, 0) / mib:.0f} | {views[0]:.3f} '
            f'| {views[1]:.2f} | {views[1] / wholes[1]:.0%} |'
        )
    step = middle(rows, 'optimiser')
    print(f'| optimiser, clipping | {step:.2f} | | {step / whole:.0%} | | | | |')
    print(
        f'| whole | {whole:.2f} | | | {training["peak"] / mib:.0f} at most '
        f'| {wholes[0]:.3f} | {wholes[1]:.2f} | |'
    )
    print(
        f'\nTraining of {training["videos"]} videos a step. At most, beyond weights '
        f'({training["weights"] / mib:.0f} MiB) and what else is there before: '
        f'{training["peak"] / mib:.0f} MiB in training, '
        f'{validation["peak"] / mib:.0f} in validation, {testing["peak"] / mib:.0f} '
        'with ten views.'
    )


def print_rest(found):
    for split in ('train', 'val', 'test'):
        rows = found[f'load {split}']
        cells = [f'{name} {1e3 * middle(rows, name):.1f}' for name in rows[0]]
        whole = 1e3 * statistics.median(sum(row.values()) for row in rows)
        print(f'\nReading a video, {split}: {whole:.0f} ms ({", ".join(cells)})')
    flow = found['extraction']
    cells = [f'{k} {v:.2f}' for k, v in flow['milliseconds'].items()]
    print(f'\nExtraction, ms a frame of 340×256: {", ".join(cells)}; ', end='')
    print(f'{flow["bytes_a_field"] / 1024:.1f} KiB a field')
    cells = [f'{k} {v[1]:.2f}' for k, v in found['start'].items()]
    print(f'\nStart-up, s: {", ".join(cells)}')


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--batch', type=int, default=2, help='videos of a step')
    parser.add_argument('--frames', type=int, default=60, help='of the extraction')
    parser.add_argument('--json', type=Path, help='where all figures go')
    options = parser.parse_args()
    use_one_thread()
    found = dict(start=imports())
    start = time.process_time()
    config = Config.fromfile(ROOT / 'configs/tpn' / NAME)
    build_model(config)
    found['start']['config and model'] = [None, time.process_time() - start]
    found['training'] = train(config, options.batch, options.rounds)
    found['validation'] = test(config, (1, 3, 8, 256, 256), options.rounds)
    found['testing'] = test(config, (10, 3, 8, 256, 256), options.rounds) | dict(
        views=10
    )
    print_models(found['training'], found['validation'], found['testing'])
    for split in ('train', 'val', 'test'):
        found[f'load {split}'] = load(config, split, options.rounds)
    found['extraction'] = extraction(options.frames)
    print_rest(found)
    keep(options.json, **found)


if __name__ == '__main__':
    main()
