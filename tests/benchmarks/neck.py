"""Time and peak memory of the neck beside MMAction2's TPN, in turns in one run.

    python tests/benchmarks/neck.py --runs 15 --batch 4

Same weights, same maps (those of SlowOnly-R50, 8 frames of 224×224). One step is
forward, loss and backward in training mode. Time: the two necks take turns in one
process. Memory: what torch's allocator holds at most during the step, which is exact;
on the CPU also the peak resident size above what was there before, in turns in fresh
processes, which holds the libraries' working space as well.
"""

import argparse
import itertools
import json
import platform
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

import tpn_tsn_plugin
from tpn_tsn_plugin.analysis.benchmark.measure import peak_bytes
from tpn_tsn_plugin.registry import MODELS

OPTIONS = dict(
    in_channels=(1024, 2048),
    out_channels=1024,
    spatial_modulation_cfg=dict(in_channels=(1024, 2048), out_channels=2048),
    temporal_modulation_cfg=dict(downsample_scales=(8, 8)),
    upsample_cfg=dict(scale_factor=(1, 1, 1)),
    downsample_cfg=dict(downsample_scale=(1, 1, 1)),
    level_fusion_cfg=dict(
        in_channels=(1024, 1024),
        mid_channels=(1024, 1024),
        out_channels=2048,
        downsample_scales=((1, 1, 1), (1, 1, 1)),
    ),
)
RATES = {
    'equal': {},
    'unequal': dict(
        temporal_modulation_cfg=dict(downsample_scales=(4, 8)),
        upsample_cfg=dict(scale_factor=(2, 1, 1)),
        downsample_cfg=dict(downsample_scale=(2, 1, 1)),
        level_fusion_cfg=OPTIONS['level_fusion_cfg']
        | dict(downsample_scales=((2, 1, 1), (1, 1, 1))),
    ),
}
NAMES = {'mmaction2': 'TPN', 'plugin': 'TemporalPyramidNeck'}


def build(name, information_flow, rates, device):
    init_default_scope('mmaction')
    options = dict(OPTIONS, flow_type=information_flow) | RATES[rates]
    torch.manual_seed(0)
    return MODELS.build(dict(type=NAMES[name], **options)).to(device).train()


def make_maps(batch, device):
    generator = torch.Generator().manual_seed(0)
    shapes = ((batch, 1024, 8, 14, 14), (batch, 2048, 8, 7, 7))
    return [
        torch.randn(shape, generator=generator).to(device).requires_grad_()
        for shape in shapes
    ]


def clear_gradients(neck, maps):
    neck.zero_grad(set_to_none=True)
    for x in maps:
        x.grad = None


def step(neck, maps):
    clear_gradients(neck, maps)
    neck(maps)[0].square().mean().backward()
    if maps[0].is_cuda:
        torch.cuda.synchronize()


def times(necks, maps, runs):
    """Seconds of each counted step, the necks in turns."""
    seconds = {name: [] for name in NAMES}
    for run in range(runs + 2):
        for name, neck in necks.items():
            start = time.perf_counter()
            step(neck, maps)
            if run >= 2:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def allocated(neck, maps):
    """MiB that torch's allocator holds at most during a step; always the same."""
    clear_gradients(neck, maps)
    return peak_bytes(lambda: step(neck, maps), maps[0].device.type) / 2**20


def print_resident(arguments, name, information_flow, rates):
    """Print the peak resident size of a step in MiB, above what was there before."""
    neck = build(name, information_flow, rates, 'cpu')
    maps = make_maps(arguments.batch, 'cpu')
    # Linux: forget the peak so far, which a process inherits from its parent.
    Path('/proc/self/clear_refs').write_text('5')
    before = peak_kib()
    step(neck, maps)
    print((peak_kib() - before) / 2**10)


def peak_kib():
    status = Path('/proc/self/status').read_text()
    return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1])


def resident(arguments, *case):
    """Peak resident sizes, each in a process of its own, the necks in turns."""
    peaks = {name: [] for name in NAMES}
    for _ in range(arguments.memory_runs):
        for name in NAMES:
            command = [sys.executable, __file__, '--resident', name, *case]
            command += ['--batch', str(arguments.batch)]
            out = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks[name].append(float(out.stdout.split()[-1]))
    return peaks


def figures(arguments, *case):
    """Yield what is measured, its values for both necks, and digits to show."""
    necks = {name: build(name, *case, arguments.device) for name in NAMES}
    necks['plugin'].load_state_dict(necks['mmaction2'].state_dict())
    maps = make_maps(arguments.batch, arguments.device)
    yield 'step, s', times(necks, maps, arguments.runs), 3
    held = {name: [allocated(neck, maps)] for name, neck in necks.items()}
    yield 'allocated at most, MiB', held, 1
    if arguments.device == 'cpu':
        yield 'peak resident size, MiB', resident(arguments, *case), 0


def spread(values, digits):
    low, middle, high = min(values), statistics.median(values), max(values)
    if low == high:
        return f'{middle:.{digits}f}'
    return f'{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--runs', type=int, default=15, help='counted steps of each')
    parser.add_argument('--memory-runs', type=int, default=5)
    parser.add_argument('--batch', type=int, default=4)
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    parser.add_argument('--json', type=Path, help='also write the figures to this file')
    parser.add_argument('--resident', nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.resident:
        print_resident(arguments, *arguments.resident)
        return
    device = torch.cuda.get_device_name() if arguments.device == 'cuda' else 'CPU'
    print(
        f'torch {torch.__version__}, {torch.get_num_threads()} threads, {device}, '
        f'{platform.machine()}, batch {arguments.batch}, {arguments.runs} steps, '
        f'plugin {tpn_tsn_plugin.__version__}\n'
    )
    print('| information flow | rates | | MMAction2 | plugin | ratio of medians |')
    print('|---|---|---|---|---|---|')
    rows = []
    for case in itertools.product(('cascade', 'parallel'), RATES):
        for what, values, digits in figures(arguments, *case):
            theirs, ours = (statistics.median(values[name]) for name in NAMES)
            cells = ' | '.join(spread(values[name], digits) for name in NAMES)
            ratio = f'{ours / theirs:.3f}'
            print(f'| {" | ".join(case)} | {what} | {cells} | {ratio} |', flush=True)
            rows.append(dict(case=case, what=what, **values))
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1))


if __name__ == '__main__':
    main()
