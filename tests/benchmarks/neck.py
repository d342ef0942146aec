"""Time and peak memory of the neck beside MMAction2's TPN, in turns in one run.

    python tests/benchmarks/neck.py --runs 15 --batch 2

Same weights, same maps (those of SlowOnly-R50, 8 frames of 224×224). One step is
forward, loss and backward in training mode. Time: the two necks take turns in one
process. Memory: each neck in turns in fresh processes, peak resident size above what
was there before the step; on a GPU the allocator's own peak.
"""

import argparse
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


def step(neck, maps):
    neck.zero_grad(set_to_none=True)
    for x in maps:
        x.grad = None
    neck(maps)[0].square().mean().backward()
    if maps[0].is_cuda:
        torch.cuda.synchronize()


def times(arguments, information_flow, rates):
    necks = {name: build(name, information_flow, rates, arguments.device) for name in NAMES}
    necks['plugin'].load_state_dict(necks['mmaction2'].state_dict())
    maps = make_maps(arguments.batch, arguments.device)
    seconds = {name: [] for name in NAMES}
    for run in range(arguments.runs + 2):
        for name, neck in necks.items():
            start = time.perf_counter()
            step(neck, maps)
            if run >= 2:
                seconds[name].append(time.perf_counter() - start)
    return seconds


def measure_memory(name, information_flow, rates, batch, device):
    """Print the peak of one step in MiB; runs in a process of its own."""
    neck, maps = build(name, information_flow, rates, device), make_maps(batch, device)
    if device == 'cuda':
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        step(neck, maps)
        print((torch.cuda.max_memory_allocated() - before) / 2**20)
        return
    # Linux: forget the peak so far, which a process inherits from its parent.
    Path('/proc/self/clear_refs').write_text('5')
    before = peak_kib()
    step(neck, maps)
    print((peak_kib() - before) / 2**10)


def peak_kib():
    status = Path('/proc/self/status').read_text()
    return int(re.search(r'VmHWM:\s+(\d+) kB', status)[1])


def memory(arguments, information_flow, rates):
    peaks = {name: [] for name in NAMES}
    for _ in range(arguments.memory_runs):
        for name in NAMES:
            command = [sys.executable, __file__, '--device', arguments.device]
            command += ['--batch', str(arguments.batch), '--memory', name, information_flow, rates]
            out = subprocess.run(command, capture_output=True, text=True, check=True)
            peaks[name].append(float(out.stdout.split()[-1]))
    return peaks


def spread(values, digits):
    low, middle, high = min(values), statistics.median(values), max(values)
    return f'{middle:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--runs', type=int, default=15, help='counted steps of each')
    parser.add_argument('--memory-runs', type=int, default=3)
    parser.add_argument('--batch', type=int, default=2)
    parser.add_argument('--device', default='cpu', choices=['cpu', 'cuda'])
    parser.add_argument('--json', help='also write the figures to this file')
    parser.add_argument('--memory', nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.memory:
        measure_memory(*arguments.memory, arguments.batch, arguments.device)
        return
    print(
        f'torch {torch.__version__}, {torch.get_num_threads()} threads, '
        f'{arguments.device}, {platform.machine()}, batch {arguments.batch}, '
        f'{arguments.runs} steps, plugin {tpn_tsn_plugin.__version__}\n'
    )
    print('| information flow | rates | | MMAction2 | plugin | ratio of medians |')
    print('|---|---|---|---|---|---|')
    figures = []
    for information_flow in ('cascade', 'parallel'):
        for rates in RATES:
            for what, values, digits in (
                ('step, s', times(arguments, information_flow, rates), 3),
                ('peak memory, MiB', memory(arguments, information_flow, rates), 0),
            ):
                medians = [statistics.median(values[name]) for name in NAMES]
                cells = ' | '.join(spread(values[name], digits) for name in NAMES)
                ratio = medians[1] / medians[0]
                print(f'| {information_flow} | {rates} | {what} | {cells} | {ratio:.2f} |')
                figures.append(dict(flow=information_flow, rates=rates, what=what, **values))
    if arguments.json:
        with open(arguments.json, 'w') as file:
            json.dump(figures, file, indent=1)


if __name__ == '__main__':
    main()
