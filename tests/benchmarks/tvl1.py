"""TV-L1 in PyTorch beside OpenCV's: how far fields differ, and time on one core.

    python tests/benchmarks/tvl1.py --pairs 4 --runs 5 --json tvl1.json

Takes the clips of ../shared/media and textures whose motion is known. Fields of the
clips are compared by the mean distance of their displacements (end-point difference),
those of the textures with the truth, at 8 pixels from the border and everywhere. Time
is that of one thread's work in turns, OpenCV, PyTorch and PyTorch compiled, so that
ratios hold on a machine with other work; compiling is not counted. With a GPU, pairs
per second of it and of one core are printed too.
"""

import argparse
import json
import os
import platform
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from known_motions import (
    CLIPS,
    MARGIN,
    MOTIONS,
    end_point_difference,
    moving_texture,
    real_pairs,
)

from tpn_tsn_plugin.functional.tvl1 import estimate_tvl1

OURS = {'PyTorch': {}, 'PyTorch, compiled': {'compiled': True}}


def tensors(pairs, device='cpu'):
    """Pairs of arrays as two tensors (N, H, W)."""
    return [torch.from_numpy(np.stack(frames)).to(device) for frames in zip(*pairs)]


def by_opencv(pairs):
    estimator = cv2.optflow.DualTVL1OpticalFlow.create()
    return np.stack([estimator.calc(before, after, None) for before, after in pairs])


def by_pytorch(pairs, **options):
    return estimate_tvl1(*tensors(pairs), **options).numpy()


def known_motions(functions, size, seeds):
    """Errors in pixels by motion and function, inside and everywhere."""
    rows = {}
    for name, motion in MOTIONS.items():
        scenes = [moving_texture(**motion, size=size, seed=seed) for seed in seeds]
        truth = np.stack([field for *_, field in scenes])
        fields = {key: f([s[:2] for s in scenes]) for key, f in functions.items()}
        rows[name] = {
            key: [end_point_difference(field, truth, m) for m in (MARGIN, 0)]
            for key, field in fields.items()
        }
    return rows


def in_turns(functions, pairs, runs):
    """Seconds a pair of every run, by function, and the fields."""
    fields = {name: function(pairs) for name, function in functions.items()}
    seconds = {name: [] for name in functions}
    for _ in range(runs):
        for name, function in functions.items():
            start = time.thread_time()
            function(pairs)
            seconds[name].append((time.thread_time() - start) / len(pairs))
    return seconds, fields


def spread(values, digits=2):
    low, middle, high = (f(values) for f in (min, statistics.median, max))
    return f'{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})'


def print_motions(rows):
    print('| motion | OpenCV, pixels | PyTorch | ratio | compiled | ratio |')
    print('|---|---:|---:|---:|---:|---:|')
    for place, words in enumerate((f'{MARGIN} pixels from the border', 'all pixels')):
        for name, row in rows.items():
            theirs = row['OpenCV'][place]
            cells = [f'{theirs:.4f}']
            for key in OURS:
                if key in row:
                    ratio = row[key][place] / theirs
                    cells += [f'{row[key][place]:.4f}', f'{ratio:.3f}']
                else:
                    cells += ['', '']
            print(f'| {name}, {words} | {" | ".join(cells)} |')
    print()


def print_clips(clips):
    print('| clip | ' + ' | '.join(f'{x} | ratio' for x in ('OpenCV, s', *OURS)) + ' |')
    print('|---|' + '---:|' * (2 + 2 * len(OURS)))
    for name, row in clips.items():
        theirs = row['seconds']['OpenCV']
        cells = [spread(theirs), '1']
        for key in OURS:
            ours = row['seconds'].get(key)
            ratios = ours and [a / b for a, b in zip(ours, theirs, strict=True)]
            cells += [spread(ours), spread(ratios)] if ours else ['', '']
        print(f'| {name} | {" | ".join(cells)} |')
    print('\n| clip | size | mean motion | end-point difference | compiled |')
    print('|---|---|---:|---:|---:|')
    for name, row in clips.items():
        off = [f'{row["difference"].get(key, float("nan")):.4f}' for key in OURS]
        print(f'| {name} | {row["size"]} | {row["motion"]:.2f} | {" | ".join(off)} |')


def run_clips(functions, arguments):
    clips = {}
    for name in CLIPS:
        pairs = real_pairs(name, arguments.pairs, arguments.short_side)
        seconds, fields = in_turns(functions, pairs, arguments.runs)
        theirs = fields['OpenCV']
        clips[name] = {
            'size': 'x'.join(map(str, theirs.shape[2:0:-1])),
            'motion': float(np.linalg.norm(theirs, axis=-1).mean()),
            'seconds': seconds,
            'difference': {
                key: end_point_difference(fields[key], theirs)
                for key in functions
                if key in OURS
            },
        }
    return clips


def run_gpu(pairs, runs):
    """Pairs per second on the GPU, plain and compiled, and the difference."""
    before, after = tensors(pairs, 'cuda')
    on_cpu, results = by_pytorch(pairs[:4]), {}
    for name, options in OURS.items():
        options = {**options, 'pairs_at_once': len(pairs)}
        estimate_tvl1(before, after, **options)
        rates = []
        for _ in range(runs):
            torch.cuda.synchronize()
            start = time.perf_counter()
            fields = estimate_tvl1(before, after, **options)
            torch.cuda.synchronize()
            rates.append(len(pairs) / (time.perf_counter() - start))
        off = end_point_difference(fields[:4].cpu(), on_cpu)
        results[name] = {'pairs/s': rates, 'difference': off}
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--pairs', type=int, default=4, help='of each clip')
    parser.add_argument('--runs', type=int, default=5, help='counted runs of each')
    parser.add_argument('--short-side', type=int, help='of the clips, in pixels')
    parser.add_argument('--size', type=int, nargs=2, default=(160, 200), metavar='N')
    parser.add_argument('--seeds', type=int, default=3, help='textures a motion')
    parser.add_argument('--gpu-pairs', type=int, default=512, help='pairs on a GPU')
    parser.add_argument('--no-compile', action='store_true', help='leave it out')
    parser.add_argument('--json', type=Path, help='write all numbers there')
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    functions = {'OpenCV': by_opencv}
    for name, options in OURS.items():
        if not (arguments.no_compile and options):
            functions[name] = partial(by_pytorch, **options)
    machine = (
        f'OpenCV {cv2.__version__}, PyTorch {torch.__version__}, '
        f'{platform.machine()} {torch.backends.cpu.get_cpu_capability()}, one thread, '
        f'{arguments.pairs} pairs a clip, {arguments.runs} runs in turns: median '
        f'(lowest–highest); load average {os.getloadavg()[0]:.1f}'
    )
    print(f'{machine}\n')
    motions = known_motions(functions, arguments.size, range(arguments.seeds))
    print_motions(motions)
    clips = run_clips(functions, arguments)
    print_clips(clips)
    results = {'machine': machine, 'motions': motions, 'clips': clips}
    if torch.cuda.is_available():
        pairs = real_pairs('arm_wrestling.mp4', 100)
        pairs = (pairs * (arguments.gpu_pairs // len(pairs) + 1))[: arguments.gpu_pairs]
        results['gpu'] = run_gpu(pairs, arguments.runs)
        core = statistics.median(clips['arm_wrestling.mp4']['seconds']['PyTorch'])
        print(f'\n| {torch.cuda.get_device_name()} | pairs/s | one core | difference |')
        print('|---|---:|---:|---:|')
        for name, row in results['gpu'].items():
            times = core * statistics.median(row['pairs/s'])
            print(
                f'| {name} | {spread(row["pairs/s"], 1)} | × {times:.0f} | '
                f'{row["difference"]:.4f} |'
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1) + '\n')


if __name__ == '__main__':
    main()
