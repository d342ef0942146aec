"""Time and memory against T, K, M, L, views, batch, video length and processes.

    python tests/benchmarks/cost_curves.py --rounds 5 --out configs/results

One is varied, the others stay: the demo's models, small enough for a laptop, on noise.
Times are of the processor, on one thread, the median of rounds in which all values of a
variable take turns; memory is what PyTorch's allocator holds at most beyond what a step
finds. Slopes are those of log cost against log variable by least squares, with their
95 % intervals: 1 is proportional. For processes a step counts by the clock: each has a
batch of its own and one thread; gradients go through gloo on one machine.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from cost_picture import draw
from cost_scaling import print_processes
from cost_steps import base, make_step, tpn, two_stream
from dis_presets import PRESETS
from one_thread import keep, use_one_thread
from scipy import stats

from tpn_tsn_plugin.analysis.benchmark.made_video import MadeVideo
from tpn_tsn_plugin.analysis.benchmark.measure import peak_bytes
from tpn_tsn_plugin.functional.optical_flow import estimate
from tpn_tsn_plugin.registry import TRANSFORMS

VALUES = {
    'T': (8, 16, 32, 64),
    'K': (1, 2, 4, 8, 16),
    'M': (2, 3, 4),
    'L': (1, 2, 5, 10, 20),
    'batch': (1, 2, 4, 8),
    'views': (1, 2, 4, 8, 16),
    'seconds of video': (2, 4, 8, 16),
}
SETTINGS = {
    'T': 'TPN-SlowOnly-R18 (demo), 64×64, batch 4; testing one view',
    'K': 'TSN-R18 (demo), 112×112, batch 4',
    'M': 'TPN-SlowOnly-R18 (demo), T = 8, 64×64, batch 4',
    'L': 'two-stream R18 (demo), K = 3, 112×112, batch 4',
    'batch': 'TPN-SlowOnly-R18 (demo), T = 8, 64×64',
    'views': 'TPN-SlowOnly-R18 (demo), T = 8, 64×64, one video',
    'seconds of video': '340×256, 30 frames per second, a key frame every 12; '
    'snippets are three of 11 frames; optical flow is DIS "fast"',
    'processes': 'TSN-R18 (demo), K = 3, 112×112, batch 4 each, by the clock',
}


def setting(variable, value):
    """A model's config, the shape of a video's inputs, and the batch."""
    clip = (1, 3, 8, 64, 64)
    if variable == 'T':
        return tpn(), (1, 3, value, 64, 64), 4
    if variable == 'K':
        return base('demo_tsn_r18'), (value, 3, 112, 112), 4
    if variable == 'M':
        return tpn(value), clip, 4
    if variable == 'L':
        shape = dict(imgs=(3, 3, 112, 112), flow_imgs=(3, 2 * value, 112, 112))
        return two_stream(value), shape, 4
    if variable == 'batch':
        return tpn(), clip, value
    return tpn(), (value, *clip[1:]), 1


def video_jobs(seconds, folder):
    """What is done with a video, by its name."""
    path = str(MadeVideo(folder, frames=30 * seconds).video())
    steps = [
        dict(type='DecordInitInPlace'),
        dict(type='SegmentSampleFrames', clip_len=11, num_clips=3),
        dict(type='DecordDecodeOnce'),
    ]
    steps = [TRANSFORMS.build(step) for step in steps]

    def snippets():
        results = dict(filename=path, start_index=0)
        for step in steps:
            results = step(results)

    def frames():
        options = [cv2.CAP_PROP_N_THREADS, 1]
        capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, options)
        while True:
            there, frame = capture.read()
            if not there:
                return
            yield cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY)

    return {
        'decoding of snippets': snippets,
        'decoding of all frames': lambda: list(frames()),
        'optical flow of all frames': lambda: list(
            estimate(frames(), 'dis', PRESETS['fast'])
        ),
    }


def jobs_of(variable, folder):
    """Functions by kind and value."""
    found = {}
    for value in VALUES[variable]:
        if variable == 'seconds of video':
            made = video_jobs(value, folder)
        else:
            kinds = ['testing'] if variable == 'views' else ['training', 'testing']
            made = {kind: make_step(*setting(variable, value), kind) for kind in kinds}
        for kind, job in made.items():
            found.setdefault(kind, {})[value] = job
    return found


def measure(jobs, rounds, with_memory):
    """Seconds of each round and peak bytes, by value."""
    seconds = {value: [] for value in jobs}
    for number in range(-1, rounds):
        for value, job in jobs.items():
            start = time.process_time()
            job()
            if number >= 0:
                seconds[value].append(time.process_time() - start)
    memory = (
        {v: peak_bytes(job, 'cpu') for v, job in jobs.items()} if with_memory else {}
    )
    return seconds, memory


def fit(points):
    """Slope of log cost against log variable, with its 95 % interval."""
    x, y = np.log(list(points)), np.log(list(points.values()))
    line = stats.linregress(x, y)
    reach = stats.t.ppf(0.975, len(x) - 2) * line.stderr
    return dict(slope=line.slope, low=line.slope - reach, high=line.slope + reach)


def curves(variables, rounds):
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for variable in variables:
            found[variable] = kinds = {}
            for kind, jobs in jobs_of(variable, Path(folder)).items():
                with_memory = variable != 'seconds of video'
                seconds, memory = measure(jobs, rounds, with_memory)
                middle = {v: statistics.median(s) for v, s in seconds.items()}
                kinds[kind] = dict(seconds=seconds, time_slope=fit(middle))
                if memory:
                    kinds[kind] |= dict(bytes=memory, memory_slope=fit(memory))
                print_curve(variable, kind, middle, kinds[kind])
    return found


def print_curve(variable, kind, middle, curve):
    cells = [f'{1e3 * value:.0f}' for value in middle.values()]
    memory = [f'{value / 2**20:.0f}' for value in curve.get('bytes', {}).values()]
    print(
        f'| {variable} | {kind} | {", ".join(map(str, middle))} | {", ".join(cells)} '
        f'| {slope(curve["time_slope"])} | {", ".join(memory)} '
        f'| {slope(curve.get("memory_slope"))} |',
        flush=True,
    )


def slope(line):
    if line is None:
        return ''
    return f'{line["slope"]:.2f} ({line["low"]:.2f}–{line["high"]:.2f})'


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--only', nargs='*', choices=VALUES, default=list(VALUES))
    parser.add_argument(
        '--no-processes', action='store_true', help='leave out; needs free cores'
    )
    parser.add_argument('--out', type=Path, help='folder of the picture and figures')
    options = parser.parse_args()
    use_one_thread()
    print('| | | values | ms | slope | MiB | slope |\n|---|---|---|---|---|---|---|')
    found = curves(options.only, options.rounds)
    scaling = None if options.no_processes else print_processes()
    path = options.out and options.out / 'cost_curves.json'
    keep(path, settings=SETTINGS, curves=found, processes=scaling)
    if path:
        draw(found, scaling).savefig(path.with_suffix('.png'), dpi=90)


if __name__ == '__main__':
    main()
