"""Time of window integration beside a plain NumPy transcription of it, in turns.

    OMP_NUM_THREADS=1 python tests/benchmarks/window_integration.py --runs 20

One video of per-second scores, float32, on one thread. The transcription is what TSN's
procedure says, step by step; in float64 both give the same scores to 1e-6, which is
checked. Prints the times for
several lengths, and the memory that both libraries hold at most.
"""

import argparse
import itertools
import math
import operator
import platform
import statistics
import time
import tracemalloc

import numpy as np
import torch
from torch.profiler import profile

from tpn_tsn_plugin.functional.window_integration import integrate_windows


def transcription(scores):
    """(T, classes) to (classes,), window sizes 1, 2, 4, 8, 16, overlap 0.2."""
    by_size = []
    for size in (1, 2, 4, 8, 16):
        step = math.ceil(size * 0.8)
        starts = range(0, len(scores), step)
        maxima = np.array([scores[s : s + size].max(axis=0) for s in starts])
        number = max(15, len(maxima) // 4)
        by_size.append(np.sort(maxima, axis=0)[-number:].mean(axis=0))
    return np.mean(by_size, axis=0)


def seconds_in_turns(functions, runs):
    """Seconds of each counted call, the functions in turns."""
    seconds = {name: [] for name in functions}
    for run in range(runs + 2):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if run >= 2:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def held_at_most(function):
    """MiB that torch and NumPy hold at most during a call, each at its own peak."""
    tracemalloc.start()
    function()
    _, by_numpy = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    with profile(profile_memory=True) as profiler:
        function()
    events = profiler.profiler.kineto_results.events()
    changes = [event for event in events if event.name() == '[memory]']
    changes.sort(key=operator.methodcaller('start_ns'))
    by_torch = max(itertools.accumulate(event.nbytes() for event in changes))
    return (by_torch + by_numpy) / 2**20


def spread(values):
    low, middle, high = (1e3 * f(values) for f in (min, statistics.median, max))
    return f'{middle:.1f} ({low:.1f}–{high:.1f})'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--runs', type=int, default=20, help='counted calls of each')
    parser.add_argument('--classes', type=int, default=200)
    parser.add_argument(
        '--lengths', type=int, nargs='+', default=[60, 600, 3600, 14400], help='seconds'
    )
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    print(
        f'torch {torch.__version__}, numpy {np.__version__}, 1 thread, '
        f'{platform.machine()}, {arguments.classes} classes, {arguments.runs} calls\n'
    )
    print('| video, s | NumPy, ms | plugin, ms | ratio of medians | memory, MiB |')
    print('|---|---|---|---|---|')
    for length in arguments.lengths:
        scores = np.random.default_rng(0).normal(size=(length, arguments.classes))
        exact = integrate_windows(torch.from_numpy(scores)[None])[0].numpy()
        if np.abs(exact - transcription(scores)).max() > 1e-6:
            raise ValueError(f'the two differ for {length} seconds')
        scores = scores.astype(np.float32)
        batch = torch.from_numpy(scores)[None]
        functions = {
            'numpy': lambda scores=scores: transcription(scores),
            'plugin': lambda batch=batch: integrate_windows(batch),
        }
        seconds = seconds_in_turns(functions, arguments.runs)
        ratio = statistics.median(seconds['plugin']) / statistics.median(
            seconds['numpy']
        )
        print(
            f'| {length} | {spread(seconds["numpy"])} | {spread(seconds["plugin"])} '
            f'| {ratio:.2f} | {held_at_most(functions["plugin"]):.1f} |',
            flush=True,
        )


if __name__ == '__main__':
    main()
