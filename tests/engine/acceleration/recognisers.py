"""Small recognisers, and videos of noise."""

import copy

import torch
from mmaction.structures import ActionDataSample
from torch import nn

from tpn_tsn_plugin.registry import MODELS

RAW = dict(type='ActionDataPreprocessor', mean=[128] * 3, std=[64] * 3)
CLIPS = dict(RAW, format_shape='NCTHW')
TPN = dict(
    type='Recognizer3D',
    backbone=dict(
        type='ResNet3dSlowOnly',
        depth=18,
        base_channels=8,
        pretrained=None,
        lateral=False,
        out_indices=(2, 3),
        conv1_kernel=(1, 7, 7),
        conv1_stride_t=1,
        pool1_stride_t=1,
        inflate=(0, 0, 1, 1),
    ),
    neck=dict(
        type='TemporalPyramidNeck',
        in_channels=(32, 64),
        out_channels=32,
        temporal_rates=(2, 4),
        mid_channels=16,
        groups=4,
    ),
    cls_head=dict(type='TemporalPyramidHead', in_channels=32, num_classes=5),
    data_preprocessor=CLIPS,
)
SLOWFAST_PATH = dict(
    type='resnet3d', depth=50, pretrained=None, conv1_stride_t=1, pool1_stride_t=1
)
# MMAction2's own, each with a video's shape.
MMACTION2 = {
    'tsn': (
        dict(
            type='Recognizer2D',
            backbone=dict(type='ResNet', depth=18),
            cls_head=dict(type='TSNHead', num_classes=5, in_channels=512),
            data_preprocessor=RAW,
        ),
        (4, 3, 64, 64),
    ),
    'tsm': (
        dict(
            type='Recognizer2D',
            backbone=dict(type='ResNetTSM', depth=50, num_segments=4, pretrained=None),
            cls_head=dict(
                type='TSMHead', num_classes=5, in_channels=2048, num_segments=4
            ),
            data_preprocessor=RAW,
        ),
        (4, 3, 64, 64),
    ),
    'slowfast': (
        dict(
            type='Recognizer3D',
            backbone=dict(
                type='ResNet3dSlowFast',
                pretrained=None,
                resample_rate=4,
                speed_ratio=4,
                channel_ratio=8,
                slow_pathway=dict(SLOWFAST_PATH, lateral=True, base_channels=16),
                fast_pathway=dict(SLOWFAST_PATH, lateral=False, base_channels=2),
            ),
            cls_head=dict(type='SlowFastHead', in_channels=576, num_classes=5),
            data_preprocessor=CLIPS,
        ),
        (3, 3, 16, 64, 64),
    ),
    'x3d': (
        dict(
            type='Recognizer3D',
            backbone=dict(type='X3D', gamma_w=1, gamma_b=2.25, gamma_d=1),
            cls_head=dict(type='X3DHead', in_channels=432, num_classes=5),
            data_preprocessor=CLIPS,
        ),
        (2, 3, 4, 64, 64),
    ),
}


def with_statistics(model):
    """As after training: an untrained one would hide a wrong fold."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.uniform_(module.running_mean, -1, 1)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, -0.8, 0.8)
            nn.init.uniform_(module.bias, -0.5, 0.5)
    return model


def made(config):
    torch.manual_seed(0)
    config = copy.deepcopy(config)
    config['cls_head']['average_clips'] = 'prob'
    return with_statistics(MODELS.build(config).eval())


def noise(shape, videos=1):
    generator = torch.Generator().manual_seed(0)
    inputs = [
        torch.randint(0, 255, shape, dtype=torch.uint8, generator=generator)
        for _ in range(videos)
    ]
    samples = [ActionDataSample().set_gt_label(0) for _ in range(videos)]
    return dict(inputs=inputs, data_samples=samples)
