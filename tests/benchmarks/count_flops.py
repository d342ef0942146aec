"""Parameters and FLOPs of configs, as a table for a README.

    python tests/benchmarks/count_flops.py configs/tpn

MMEngine's counter, backbone, neck and head, one view of the test pipeline, one
multiplication and addition counted as one. Weights are random; nothing is downloaded.
"""

import argparse
import logging
import platform
import re
from functools import partial
from pathlib import Path
from typing import Any

import mmaction
import mmengine
import torch
from mmengine.analysis import FlopAnalyzer
from mmengine.config import Config, ConfigDict
from mmengine.registry import init_default_scope

import tpn_tsn_plugin
from tpn_tsn_plugin.registry import MODELS

# Pixels where no crop says it: the demos' clips are taken as they are.
UNCROPPED = {'TempoDemoDataset': 56, 'CorrespondenceDemoDataset': 64}


def read_config(path: Path) -> Config:
    """A config without pretrained weights."""
    config = Config.fromfile(path)
    for backbone in backbones(config).values():
        if 'pretrained' in backbone and not backbone.type.startswith('mmpretrain.'):
            backbone.pretrained = None
    return config


def backbones(config: Config) -> dict[str, ConfigDict]:
    """The backbones of a model by their names: one, or one a stream."""
    return {k: v for k, v in config.model.items() if k.endswith('backbone')}


def crop_size(dataset: ConfigDict) -> int:
    """Height and width of what a data set's pipeline hands to the model."""
    sizes = [
        step[key]
        for step in dataset.pipeline
        for key in ('crop_size', 'size')
        if key in step
    ]
    return sizes[-1] if sizes else UNCROPPED[dataset.type]


def sampling(pipeline: list[ConfigDict]) -> ConfigDict:
    """The step that samples frames."""
    return next(step for step in pipeline if step.type.endswith('SampleFrames'))


def view_shape(config: Config, size: int | None = None) -> tuple[int, ...]:
    """Shape of one video with one view of the test pipeline, as the model takes it.

    Args:
        config: A whole config.
        size: Height and width in place of the test crop.

    Returns:
        (1, 1, 3, T, H, W) for clips, (1, K, C, H, W) for segments. Where snippets are
        sampled at a fixed rate, K is that of training.
    """
    dataset = config.test_dataloader.dataset
    step = sampling(dataset.pipeline)
    size = size or crop_size(dataset)
    if config.model.data_preprocessor.format_shape == 'NCTHW':
        return (1, 1, 3, step.clip_len, size, size)
    if 'num_clips' not in step:
        step = sampling(training_pipeline(config))
    channels = config.model.backbone.get('in_channels', 3)
    return (1, step.num_clips, channels, size, size)


def two_stream_view(config: Config, size: int | None = None) -> dict[str, tuple]:
    """Shapes of both inputs of a two-stream model, one video with one view."""
    size = size or crop_size(config.test_dataloader.dataset)
    frames = sampling(training_pipeline(config)).num_clips
    streams = zip(('imgs', 'flow_imgs'), backbones(config).values(), strict=True)
    return {
        key: (1, frames, backbone.get('in_channels', 3), size, size)
        for key, backbone in streams
    }


def random_view(config: Config) -> Any:
    """One view of the test pipeline, of random numbers."""
    if len(backbones(config)) == 1:
        return torch.rand(view_shape(config))
    # the counter takes the arguments of forward one by one
    return ({k: torch.rand(s) for k, s in two_stream_view(config).items()},)


def training_pipeline(config: Config) -> list[ConfigDict]:
    """The training pipeline; of several data sets, the first one's."""
    dataset = config.train_dataloader.dataset
    return dataset.get('datasets', [dataset])[0].pipeline


def count(config: Config) -> tuple[int, float]:
    """Number of parameters, and FLOPs of one view with the head."""
    model = MODELS.build(config.model).eval().requires_grad_(False)
    model.forward = partial(model.extract_feat, stage='head')
    counter = FlopAnalyzer(model, random_view(config))
    counter.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    return sum(p.numel() for p in model.parameters()), counter.total()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('folder', type=Path, help='folder of configs')
    logging.disable(logging.WARNING)
    init_default_scope('mmaction')
    print('| config | input | parameters | FLOPs a view |')
    print('|---|---|---:|---:|')
    for path in sorted(parser.parse_args().folder.glob('*.py'), key=natural_order):
        config = read_config(path)
        params, flops = count(config)
        if len(backbones(config)) == 1:
            shape = view_shape(config)
        else:
            shape = two_stream_view(config)['imgs']
        *_, height, width = shape
        frames = shape[1] * (shape[3] if len(shape) == 6 else 1)
        print(
            f'| `{path.stem}` | {frames}×{height}×{width} | {params / 1e6:.2f} M '
            f'| {flops / 1e9:.2f} G |',
            flush=True,
        )
    print(
        f'\n{platform.machine()} CPU, Python {platform.python_version()}, torch '
        f'{torch.__version__}, mmengine {mmengine.__version__}, mmaction2 '
        f'{mmaction.__version__}, tpn_tsn_plugin {tpn_tsn_plugin.__version__}'
    )


def natural_order(path: Path) -> list:
    """Sort 8x8 before 16x4, and r50 before r101."""
    return [int(p) if p.isdigit() else p for p in re.split(r'(\d+)', path.stem)]


if __name__ == '__main__':
    main()
