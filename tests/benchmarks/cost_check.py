"""The cost model beside measurements, and what Kinetics-400 takes.

    python tests/benchmarks/cost_check.py --curves configs/results/cost_curves.json \\
        --parts parts.json --machines 1 8 64 --json cost_check.json

Parts are measured alone, then put together by ``cost_model`` and compared
with whole jobs: extraction of a clip, an epoch of training and testing of a set by
MMEngine's runner. One thread; processor time. ``--parts`` is what
``where_time_goes.py`` saved, for the model's seconds on Kinetics-400.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import cv2
import decord
from cost_steps import make_step, tpn
from dis_presets import PRESETS
from mmengine.dataset import Compose
from mmengine.runner import Runner
from one_thread import keep, use_one_thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from cost_model import (
    Collection,
    efficiency,
    epoch_hours,
    hours_of_work,
    video_seconds,
)
from known_motions import MEDIA

from tpn_tsn_plugin.analysis.benchmark.made_video import MadeVideo
from tpn_tsn_plugin.datasets.extraction import ExtractionOptions, Video, extract
from tpn_tsn_plugin.functional.optical_flow import estimate_pairs, quantise

RATES_FROM, CHECKED_ON = 'arm_wrestling.mp4', 'cleaning_pool.mp4'
ALGORITHMS = {
    'DIS': ('dis', {}),
    'DIS, fast': ('dis', PRESETS['fast']),
    'TV-L1, PyTorch': ('tvl1_torch', {}),
}
QUALITY = ExtractionOptions().quality
EPOCHS, VIEWS = 150, 30


def timed(function):
    start = time.process_time()
    result = function()
    return time.process_time() - start, result


def rates(frames, rounds):
    """Frames, pairs and written fields per second and core, and bytes of each."""
    found, reading = {}, []
    for _ in range(rounds):
        reader = decord.VideoReader(str(MEDIA / RATES_FROM), num_threads=1)
        seconds, images = timed(
            lambda reader=reader: reader.get_batch(range(frames)).asnumpy()
        )
        reading.append(frames / seconds)
    found['decoding'] = statistics.median(reading)
    greys = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    pairs = list(pairwise(greys))
    for name, (algorithm, parameters) in ALGORITHMS.items():
        few = pairs[: 8 if 'TV' in name else len(pairs)]
        taken = [
            timed(
                lambda few=few, a=algorithm, p=parameters: list(
                    estimate_pairs(few, a, p)
                )
            )
            for _ in range(rounds)
        ]
        fields = taken[-1][1]
        found[name] = len(few) / statistics.median(seconds for seconds, _ in taken)
        if name == 'DIS':
            kept = fields
    options = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]

    def encode():
        for field in kept:
            levels = quantise(field)
            for axis in (0, 1):
                yield len(cv2.imencode('.jpg', levels[..., axis], options)[1])

    seconds, sizes = timed(lambda: list(encode()))
    found['writing'] = len(kept) / seconds
    found['bytes a field'] = sum(sizes) / len(kept)
    sizes = [len(cv2.imencode('.jpg', image, options)[1]) for image in images]
    found['bytes a frame'] = statistics.mean(sizes)
    return found


def check_extraction(measured, folder):
    """Predicted and measured hours of the DIS fields of another clip."""
    total = len(decord.VideoReader(str(MEDIA / CHECKED_ON), num_threads=1))
    clip = Collection(1, total, 1)
    steps = ('decoding', clip.frames), ('DIS', clip.fields), ('writing', clip.fields)
    predicted = sum(hours_of_work(items, measured[name]) for name, items in steps)
    videos = [Video(MEDIA / CHECKED_ON, 'clip')]
    seconds, _ = timed(
        lambda: extract(videos, folder, ExtractionOptions('dis'), workers=1)
    )
    return 3600 * predicted, seconds


def pipeline(views):
    sampling = dict(type='SampleFrames', clip_len=8, frame_interval=4, num_clips=views)
    return [
        dict(type='DecordInit'),
        dict(sampling, test_mode=views > 1),
        dict(type='DecordDecode'),
        dict(type='Resize', scale=(-1, 64)),
        dict(type='CenterCrop', crop_size=64),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs'),
    ]


def check_runner(kind, folder, videos=32, batch=4, views=4):
    """Predicted and measured seconds of an epoch, or of a test, of the runner."""
    path = MadeVideo(folder, frames=60, size=(114, 86)).video()
    training = kind == 'training'
    steps, size = pipeline(1 if training else views), batch if training else 1
    listed = folder / 'list.txt'
    listed.write_text(f'{path} 0\n' * videos)
    shape = (1 if training else views, 3, 8, 64, 64)
    step, read = make_step(tpn(), shape, size, kind), Compose(steps)
    given = dict(filename=str(path), label=0, start_index=0, modality='RGB')
    alone = [(timed(step)[0], timed(lambda: read(dict(given)))[0]) for _ in range(7)]
    model, loading = (statistics.median(some) for some in zip(*alone[1:], strict=True))
    predicted = epoch_hours(videos, video_seconds(model / size, loading))
    dataset = dict(type='VideoDataset', ann_file=str(listed), pipeline=steps)
    loader = dict(
        batch_size=size,
        num_workers=0,
        dataset=dict(dataset, test_mode=not training),
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    options = dict(
        model=tpn(), work_dir=str(folder), default_scope='mmaction', log_level='ERROR'
    )
    if training:
        optimizer = dict(type='SGD', lr=0.0, momentum=0.9)
        options |= dict(
            train_dataloader=loader,
            train_cfg=dict(by_epoch=True, max_epochs=1),
            optim_wrapper=dict(optimizer=optimizer),
        )
    else:
        options |= dict(
            test_dataloader=loader, test_cfg={}, test_evaluator=dict(type='AccMetric')
        )
    runner = Runner(**options, default_hooks=dict(logger=None, checkpoint=None))
    seconds, _ = timed(runner.train if training else runner.test)
    return 3600 * predicted, seconds


def print_checks(checks):
    print('| job | predicted, s | measured, s | predicted / measured |')
    print('|---|---:|---:|---:|')
    for name, (predicted, measured) in checks.items():
        ratio = predicted / measured
        print(f'| {name} | {predicted:.2f} | {measured:.2f} | {ratio:.2f} |')


def print_kinetics(measured, parts, scaling, machines, cores):
    """What 240,000 videos of ten seconds take, by machines."""
    kinetics = Collection(240_000, 10, 30)
    frames, fields = kinetics.frames, kinetics.fields
    gib = 2**30
    rows = {'decoding every frame once, hours': []}
    flows = [
        f'optical flow, {name}, with decoding and JPEG, hours' for name in ALGORITHMS
    ]
    rows |= {name: [] for name in flows}
    rows |= {f'training, {EPOCHS} epochs, days': [], 'testing, 30 views, hours': []}
    reached = {}
    for count in machines:
        work = cores * count
        decoding = hours_of_work(frames, measured['decoding'], work)
        found = [decoding]
        writing = hours_of_work(fields, measured['writing'], work)
        for name in ALGORITHMS:
            found.append(
                decoding + writing + hours_of_work(fields, measured[name], work)
            )
        if parts and scaling:
            reached[count] = efficiency(count, scaling['alone'], scaling['two'])
            per_video = model_seconds(parts)
            epoch = epoch_hours(
                kinetics.videos,
                per_video['train'],
                machines=count,
                reached=reached[count],
            )
            found.append(EPOCHS * epoch / 24)
            found.append(
                epoch_hours(kinetics.videos, per_video['test'], machines=count)
            )
        for row, value in zip(rows.values(), found, strict=False):
            row.append(value)
    columns = ' | '.join(map(str, machines))
    print(f'\n| Kinetics-400, machines of {cores} cores | {columns} |')
    print(f'|---|{"---:|" * len(machines)}')
    for name, values in rows.items():
        if values:
            print(f'| {name} | {" | ".join(map(show, values))} |')
    jpeg = fields * measured['bytes a field'] / gib
    images = frames * measured['bytes a frame'] / gib
    raw = fields * 340 * 256 * 2 * 4 / gib
    print(
        f'\nDisk: fields {raw / 1024:.0f} TiB as they are computed (float32), '
        f'{jpeg:,.0f} GiB as JPEG of quality {QUALITY}; RGB frames {images:,.0f} GiB.'
    )
    if reached:
        shares = ', '.join(f'{n}: {share:.0%}' for n, share in reached.items())
        print(f'Share of proportional speed that training reaches: {shares}.')
    return rows


def model_seconds(parts):
    """Seconds a video of training and of testing 30 views, videos read on one core."""

    def load(split):
        return statistics.median(sum(row.values()) for row in parts[f'load {split}'])

    def whole(kind):
        return statistics.median(row['whole'] for row in parts[kind]['rounds'])

    train = whole('training') / parts['training']['videos']
    views = parts['testing']['views']
    return dict(
        train=video_seconds(train, load('train')),
        test=video_seconds(whole('testing') * VIEWS / views, load('test')),
    )


def show(value):
    digits = max(0, 2 - math.floor(math.log10(value)) - 1)
    return f'{value:,.{digits}f}'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--curves', type=Path, required=True)
    parser.add_argument('--parts', type=Path)
    parser.add_argument('--machines', type=int, nargs='*', default=[1, 8, 64])
    parser.add_argument('--cores', type=int, default=2, help='of a machine')
    parser.add_argument('--frames', type=int, default=100, help='for the rates')
    parser.add_argument('--rounds', type=int, default=3)
    parser.add_argument('--json', type=Path, help='where all figures go')
    options = parser.parse_args()
    use_one_thread()
    scaling = json.loads(options.curves.read_text())['processes']
    measured = rates(options.frames, options.rounds)
    checks = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checks['extraction of a clip, DIS'] = check_extraction(measured, folder / 'out')
        checks['an epoch of training'] = check_runner('training', folder)
        checks['a test of four views'] = check_runner('testing', folder)
    print_checks(checks)
    for name, value in measured.items():
        print(f'{name}: {value:,.1f}')
    parts = json.loads(options.parts.read_text()) if options.parts else None
    table = print_kinetics(measured, parts, scaling, options.machines, options.cores)
    keep(options.json, rates=measured, checks=checks, kinetics=table)


if __name__ == '__main__':
    main()
