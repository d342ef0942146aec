"""Steps of the demo's models on noise."""

import copy
from pathlib import Path

import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config

from tpn_tsn_plugin.registry import MODELS

BASES = Path(__file__).resolve().parents[2] / 'configs/_base_/models'
CHANNELS = (32, 64, 128, 256)


def base(name):
    return Config.fromfile(BASES / f'{name}.py').model


def tpn(levels=2):
    """The demo's TPN with the last stages as levels."""
    config = base('demo_tpn_slowonly_r18')
    config.backbone.out_indices = tuple(range(4 - levels, 4))
    config.neck.in_channels = CHANNELS[-levels:]
    config.neck.temporal_rates = tuple(2**i for i in range(4 - levels, 4))
    return config


def two_stream(fields):
    config = base('demo_two_stream_r18')
    config.stream_fusion = [dict(type='ConvFusion', stage='layer2', in_channels=128)]
    config.temporal_backbone.in_channels = 2 * fields
    preprocessor = config.data_preprocessor.preprocessors.flow_imgs
    preprocessor.mean, preprocessor.std = [128] * 2 * fields, [15] * 2 * fields
    return config


def noise(shape, videos):
    def tensors(one):
        return [torch.randint(0, 256, one, dtype=torch.uint8) for _ in range(videos)]

    several = isinstance(shape, dict)
    inputs = {k: tensors(s) for k, s in shape.items()} if several else tensors(shape)
    samples = [ActionDataSample().set_gt_label(i % 12) for i in range(videos)]
    return dict(inputs=inputs, data_samples=samples)


def make_step(config, shape, videos, kind, wrap=None):
    """A function that trains a step or tests a batch."""
    torch.manual_seed(0)
    model, batch = MODELS.build(config), noise(shape, videos)
    if kind == 'testing':
        model.eval()

        def test():
            with torch.no_grad():
                return model.test_step(copy.deepcopy(batch))

        return test
    model.train()
    outer = wrap(model) if wrap else model
    # Weights that stay as they are make every step the same.
    optimizer = torch.optim.SGD(model.parameters(), lr=0.0, momentum=0.9)

    def train():
        data = model.data_preprocessor(copy.deepcopy(batch), training=True)
        loss, _ = model.parse_losses(outer(**data, mode='loss'))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    return train
