"""Mixed precision on a GPU: the hooks beside MMAction2 with the same precision.

    python tests/benchmarks/gpu_speed.py --batch 32 --rounds 20 --json gpu_speed.json

TPN-SlowOnly-R50 8×8 of MMAction2's own config, float16 where the precision is mixed,
same weights and input, in turns: training steps through MMEngine's ``AmpOptimWrapper``,
and videos of ten clips times three crops. The share of the peak rate is that of a
product of two large matrices on the same device, in the same run; a training step
counts for three forward passes. ``--device cpu --batch 1 --rounds 1 --views 2 --side
64`` shows that it runs; there all but the hook for testing is float32.
"""

import argparse
import statistics
import sys
import time
from functools import partial
from pathlib import Path

import torch
from acceleration import build, noise, stub
from mmengine.optim import build_optim_wrapper
from mmengine.registry import init_default_scope
from one_thread import keep

from tpn_tsn_plugin.analysis.benchmark.flops import count_flops
from tpn_tsn_plugin.analysis.benchmark.measure import peak_bytes, time_in_turns
from tpn_tsn_plugin.registry import HOOKS

# Hooks, and whether backbone and neck are compiled.
TRAINING = {
    'MMAction2, AMP': ([], False),
    'fast': ([dict(type='FastTrainingHook')], False),
    'fast, channels last': (
        [dict(type='FastTrainingHook', channels_last=True)],
        False,
    ),
    'fast, channels last, compiled': (
        [dict(type='FastTrainingHook', convolutions='direct', channels_last=True)],
        True,
    ),
}
TESTING = {
    'MMAction2, AMP': [],
    'FastInferenceHook': [dict(type='FastInferenceHook')],
}
# Sides of the matrices whose product shows the peak rate.
SIDE = {'cuda': 8192, 'cpu': 1024}


def training_step(variant, batch, device):
    """A step of training, after the ones in which hooks measure and PyTorch compiles.

    Returns:
        The step.
    """
    hooks, compiled = TRAINING[variant]
    config, model = build()
    model.to(device).train()
    amp = dict(type='AmpOptimWrapper') if device == 'cuda' else {}
    wrapper = build_optim_wrapper(model, dict(config.optim_wrapper) | amp)
    runner = stub(model)
    hooks = [HOOKS.build(hook) for hook in hooks]
    for hook in hooks:
        hook.before_train(runner)
    if compiled:
        model.backbone.compile()
        model.neck.compile()

    def step():
        model.train_step(batch, wrapper)
        for hook in hooks:
            hook.after_train_iter(runner, 0)

    step()
    step()
    return step


def testing_step(variant, video, device):
    """The test of a video."""
    _, model = build()
    model.to(device).eval()
    runner = stub(model)
    for hook in map(HOOKS.build, TESTING[variant]):
        hook.before_test_epoch(runner)
        hook.before_test_iter(runner, 0, video)
    # As test loops with fp16=True do.
    amp = device == 'cuda' and not TESTING[variant]
    precision = torch.autocast(device, torch.float16, enabled=amp)

    def step():
        with torch.no_grad(), precision:
            model.test_step(video)

    step()
    return step


def peak_rate(device, rounds=10):
    """Multiplications with additions a second, in a product of two matrices."""
    side, dtype = SIDE[device], torch.float16 if device == 'cuda' else torch.float32
    first, second = torch.randn(2, side, side, device=device, dtype=dtype)
    seconds = []
    for _ in range(rounds):
        start = time.perf_counter()
        first @ second
        if device == 'cuda':
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - start)
    return side**3 / min(seconds)


def measure(name, steps, options, work, peak):
    """Print and return the figures of all variants, in turns."""
    ready = {variant: make() for variant, make in steps.items()}
    prepare = {
        variant: partial(lambda step: step, step) for variant, step in ready.items()
    }
    timed = time_in_turns(prepare, options.rounds, 1, options.device, lambda _: None)
    print(f'\n| {name} | s | times as fast | share of the peak rate | MiB |')
    print('|---|---:|---:|---:|---:|')
    base = next(iter(timed.values())).values
    found = {}
    for variant, result in timed.items():
        if result.failure:
            sys.exit(f'{variant}: {result.failure}')
        ratios = sorted(a / b for a, b in zip(base, result.values, strict=True))
        middle = statistics.median(result.values)
        memory = peak_bytes(ready[variant], options.device) / 2**20
        share = work / middle / peak
        found[variant] = dict(seconds=result.values, mib=memory, share=share)
        print(
            f'| {variant} | {middle:.4f} | {statistics.median(ratios):.2f} '
            f'({ratios[0]:.2f}–{ratios[-1]:.2f}) | {share:.0%} | {memory:.0f} |'
        )
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--device', choices=list(SIDE), default='cuda')
    parser.add_argument('--batch', type=int, default=32, help='videos of a step')
    parser.add_argument('--views', type=int, default=30, help='of a tested video')
    parser.add_argument('--side', type=int, default=224, help='of training crops')
    parser.add_argument('--rounds', type=int, default=20)
    parser.add_argument('--json', type=Path, help='where all figures go')
    options = parser.parse_args()
    if options.device == 'cuda' and not torch.cuda.is_available():
        sys.exit('PyTorch finds no GPU here; --device cpu shows that the script runs')
    init_default_scope('mmaction')
    peak = peak_rate(options.device)
    side, larger = options.side, options.side * 256 // 224
    batch = noise((1, 3, 8, side, side), options.batch)
    video = noise((options.views, 3, 8, larger, larger), 1)
    _, model = build()
    trained, tested = (
        count_flops(model, torch.zeros(1, 1, 3, 8, own, own)) for own in (side, larger)
    )
    parts = dict(
        training=measure(
            'a training step',
            {v: partial(training_step, v, batch, options.device) for v in TRAINING},
            options,
            3 * options.batch * trained,
            peak,
        ),
        testing=measure(
            'the test of a video',
            {v: partial(testing_step, v, video, options.device) for v in TESTING},
            options,
            options.views * tested,
            peak,
        ),
    )
    print(f'\n{peak / 1e12:.2f} · 10¹² multiplications with additions a second')
    keep(options.json, device=options.device, peak=peak, **parts)


if __name__ == '__main__':
    main()
