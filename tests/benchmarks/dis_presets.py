"""DIS at other parameters: how far from TV-L1, and what it takes.

    python tests/benchmarks/dis_presets.py --pairs 8 --rounds 5 --json dis_presets.json

Fields of pairs out of the clips of ../shared/media, at their own size, compared with
those of TV-L1 in PyTorch by the mean distance of their displacements. Processor time of
one thread.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import numpy as np
from one_thread import keep, use_one_thread

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from known_motions import CLIPS, end_point_difference, real_pairs

from tpn_tsn_plugin.functional.optical_flow import estimate_pairs

# In the first frames of a clip little may move.
FIRST = 60
# OpenCV's presets "fast" and "ultrafast" among them.
PRESETS = {
    'default': {},
    'fast': dict(finest_scale=2, patch_stride=4, gradient_descent_iterations=16),
    'ultrafast': dict(
        finest_scale=2,
        patch_stride=4,
        gradient_descent_iterations=12,
        variational_refinement_iterations=0,
    ),
    'scale 3': dict(finest_scale=3),
    'scale 3, fast': dict(
        finest_scale=3, patch_stride=4, gradient_descent_iterations=12
    ),
    # The same scale, without what DIS does at the others.
    'eighth': dict(
        halvings=3,
        finest_scale=0,
        patch_stride=4,
        gradient_descent_iterations=8,
        variational_refinement_iterations=0,
    ),
}
# The fourth clip is a part of the third.
LONG = [name for name in CLIPS if 'short' not in name]


def spread(values, digits):
    low, middle, high = (f(values) for f in (min, statistics.median, max))
    return f'{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})'


def compare(clips, pairs, rounds):
    """Mean differences from TV-L1 and milliseconds a pair, by preset."""
    found = {}
    pairs = [real_pairs(name, pairs, first=FIRST) for name in clips]
    truth = [np.stack(list(estimate_pairs(some, 'tvl1_torch'))) for some in pairs]
    motion = [float(np.linalg.norm(fields, axis=-1).mean()) for fields in truth]
    for name, parameters in PRESETS.items():
        differences, times = [], []
        for some, fields in zip(pairs, truth, strict=True):
            own = np.stack(list(estimate_pairs(some, 'dis', parameters)))
            differences.append(end_point_difference(own, fields))
        for _ in range(rounds):
            start = time.process_time()
            for some in pairs:
                list(estimate_pairs(some, 'dis', parameters))
            count = sum(map(len, pairs))
            times.append(1e3 * (time.process_time() - start) / count)
        found[name] = dict(parameters=parameters, difference=differences, ms=times)
    print(
        '| DIS | parameters | ms a pair | mean difference from TV-L1, pixels | ', end=''
    )
    print(' | '.join(clips) + ' |\n|---|---|---:|---:|' + '---:|' * len(clips))
    for name, row in found.items():
        given = ', '.join(f'{k}={v}' for k, v in row['parameters'].items())
        cells = [f'{value:.2f}' for value in row['difference']]
        mean = statistics.mean(row['difference'])
        print(
            f'| {name} | {given} | {spread(row["ms"], 2)} | {mean:.2f} '
            f'| {" | ".join(cells)} |'
        )
    cells = ' | '.join(f'{value:.2f}' for value in motion)
    print(f'| no motion | | | {statistics.mean(motion):.2f} | {cells} |', flush=True)
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--pairs', type=int, default=8, help='of each clip')
    parser.add_argument('--clips', nargs='*', default=LONG)
    parser.add_argument('--json', type=Path, help='where all figures go')
    options = parser.parse_args()
    use_one_thread()
    found = compare(options.clips, options.pairs, options.rounds)
    keep(options.json, presets=found)


if __name__ == '__main__':
    main()
