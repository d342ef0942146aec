"""The hooks that make testing and training fast, beside MMAction2 as it is.

    python tests/benchmarks/acceleration.py test --rounds 5
    python tests/benchmarks/acceleration.py train --batch 8 --rounds 5

TPN-SlowOnly-R50 8×8 of MMAction2's own config, same weights, same input. ``test``: a
video of ten clips times three crops of 256, whole, as its test pipeline gives it;
``train``: steps with the config's optimiser and gradient clipping on crops of 224. All
take turns in one process, so that what slows the machine down slows all; ratios are
medians over the rounds. Peak memory is the largest resident size of a fresh process
that makes one variant ready and runs it once, libraries included. With ``--videos DIR``
testing goes over real videos as well: by how much scores differ, and whether the best
class stays.
"""

import argparse
import copy
import json
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import mmaction
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.dataset import Compose
from mmengine.registry import init_default_scope
from torch import nn

import tpn_tsn_plugin
from tpn_tsn_plugin.analysis.benchmark.machine import describe_machine
from tpn_tsn_plugin.registry import HOOKS, MODELS

NAME = 'tpn-slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
CONFIG = Path(mmaction.__file__).parent / f'.mim/configs/recognition/tpn/{NAME}'
BLOCKS = '*backbone.layer*.*'
# Hooks of each variant. The first is MMAction2 as it is, with its own neck.
VARIANTS = {
    'test': {
        'MMAction2': [],
        'float32': [dict(type='FastInferenceHook', dtype='float32')],
        'bfloat16': [dict(type='FastInferenceHook', dtype='bfloat16')],
    },
    'train': {
        'MMAction2': [],
        'fast': [dict(type='FastTrainingHook')],
        'fast, convolutions kept': [
            dict(type='FastTrainingHook'),
            dict(type='ActivationCheckpointHook', keep='convolutions'),
        ],
        'fast, narrow kept': [
            dict(type='FastTrainingHook'),
            dict(type='ActivationCheckpointHook'),
        ],
        'fast, narrow kept, neck': [
            dict(type='FastTrainingHook'),
            dict(type='ActivationCheckpointHook', modules=[BLOCKS, 'neck']),
        ],
    },
}


def build():
    """The model, with scores that differ by class as if it had been trained."""
    config = Config.fromfile(CONFIG)
    config.model.backbone.pretrained = None
    torch.manual_seed(0)
    model = MODELS.build(config.model)
    # PyTorch's own initial weights: the config's give all classes one score.
    for module in model.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm):
            nn.init.uniform_(module.running_mean, -0.1, 0.1)
            nn.init.uniform_(module.running_var, 0.5, 1.5)
    return config, model


def noise(shape, videos):
    """A batch as a data loader gives it."""
    generator = torch.Generator().manual_seed(0)
    inputs = [
        torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
        for _ in range(videos)
    ]
    samples = [ActionDataSample().set_gt_label(i) for i in range(videos)]
    return dict(inputs=inputs, data_samples=samples)


def make_test(hooks, video):
    """A function that tests a video and returns its scores."""
    _, model = build()
    model.eval()
    runner = stub(model)
    for hook in map(HOOKS.build, hooks):
        hook.before_test_epoch(runner)
        hook.before_test_iter(runner, 0, video)

    def run(batch=video):
        with torch.no_grad():
            return model.test_step(copy.deepcopy(batch))[0].pred_score

    return run


def make_step(hooks, batch):
    """A function that trains a step and returns the loss."""
    config, model = build()
    model.train()
    runner = stub(model)
    hooks = [HOOKS.build(hook) for hook in hooks]
    for hook in hooks:
        hook.before_train(runner)
    settings = dict(config.optim_wrapper.optimizer)
    optimizer = getattr(torch.optim, settings.pop('type'))(
        model.parameters(), **settings
    )
    clip = config.optim_wrapper.clip_grad

    def run():
        torch.manual_seed(0)
        data = model.data_preprocessor(copy.deepcopy(batch), training=True)
        loss, _ = model.parse_losses(model(**data, mode='loss'))
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), **clip)
        optimizer.step()
        optimizer.zero_grad()
        for hook in hooks:
            hook.after_train_iter(runner, 0)
        return loss.detach()

    run()
    return run


def stub(model):
    """What hooks see of a runner."""
    return SimpleNamespace(
        model=model,
        test_loop=SimpleNamespace(fp16=False),
        work_dir=tempfile.mkdtemp(),
        logger=SimpleNamespace(info=lambda text: print(f'    {text}', file=sys.stderr)),
    )


def make(kind, variant, options):
    if kind == 'test':
        return make_test(VARIANTS[kind][variant], noise((30, 3, 8, 256, 256), 1))
    return make_step(VARIANTS[kind][variant], noise((1, 3, 8, 224, 224), options.batch))


def in_turns(runs, rounds):
    """Seconds of each round by variant, and what the first round gave."""
    first = {name: run() for name, run in runs.items()}
    seconds = {name: [] for name in runs}
    for number in range(rounds):
        for name, run in runs.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
        print(f'round {number + 1} of {rounds}', file=sys.stderr)
    return first, seconds


def peak_mib(kind, variant, options):
    """The largest resident size of a fresh process, in MiB."""
    words = [kind, '--only', variant, '--batch', str(options.batch)]
    words += ['--threads', str(options.threads)]
    found = subprocess.run(
        [sys.executable, __file__, *words], check=True, capture_output=True, text=True
    )
    return int(re.search(r'peak (\d+)', found.stdout)[1]) / 1024


def test_videos(folder):
    """Videos through the config's test pipeline."""
    config = Config.fromfile(CONFIG)
    pipeline = Compose(config.test_pipeline)
    for path in sorted(p for p in folder.iterdir() if p.is_file()):
        if path.suffix in ('.mp4', '.avi', '.mkv'):
            video = dict(filename=str(path), label=0, start_index=0, modality='RGB')
            sample = pipeline(video)
            yield dict(inputs=[sample['inputs']], data_samples=[sample['data_samples']])


def largest(first, second):
    return float((first - second).abs().max())


def report(kind, first, seconds, peaks):
    names = list(seconds)
    base = seconds[names[0]]
    unit = 'score' if kind == 'test' else 'loss'
    rows = [
        f'| | s | times as fast | peak, MiB | ratio | {unit} differs by |',
        '|---|---:|---:|---:|---:|---:|',
    ]
    for name in names:
        own = seconds[name]
        ratios = sorted(a / b for a, b in zip(base, own))
        rows.append(
            f'| {name} | {statistics.median(own):.2f} ({min(own):.2f}–{max(own):.2f}) '
            f'| {statistics.median(ratios):.2f} ({ratios[0]:.2f}–{ratios[-1]:.2f}) '
            f'| {peaks[name]:.0f} | {peaks[name] / peaks[names[0]]:.2f} '
            f'| {largest(first[names[0]], first[name]):.1e} |'
        )
    return '\n'.join(rows)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('kind', choices=VARIANTS)
    parser.add_argument('--rounds', type=int, default=5)
    parser.add_argument('--batch', type=int, default=8, help='videos of a step')
    parser.add_argument('--threads', type=int, default=torch.get_num_threads())
    parser.add_argument('--videos', type=Path, help='folder of real videos to test')
    parser.add_argument('--json', type=Path, help='where all figures go')
    parser.add_argument('--only', help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    init_default_scope('mmaction')
    if options.only:
        run = make(options.kind, options.only, options)
        run()
        print('peak', resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    machine = describe_machine('cpu', tpn_tsn_plugin.__version__)
    variants = VARIANTS[options.kind]
    peaks = {name: peak_mib(options.kind, name, options) for name in variants}
    runs = {name: make(options.kind, name, options) for name in variants}
    first, seconds = in_turns(runs, options.rounds)
    print(report(options.kind, first, seconds, peaks))
    print(f'\n{machine}')
    compared = []
    for video in test_videos(options.videos) if options.videos else ():
        scores = {name: run(video) for name, run in runs.items()}
        own = scores['MMAction2']
        compared.append(
            {
                name: dict(same=bool(own.argmax() == s.argmax()), by=largest(own, s))
                for name, s in scores.items()
            }
        )
        print(compared[-1])
    if options.json:
        content = dict(
            command=' '.join(sys.argv), machine=machine, seconds=seconds, peak_mib=peaks
        )
        options.json.write_text(json.dumps(dict(content, videos=compared), indent=1))


if __name__ == '__main__':
    main()
