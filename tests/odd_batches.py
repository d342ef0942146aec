"""Batches at the edge of what there is, and small models of every kind."""

import itertools
from typing import NamedTuple

import torch
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import nn

from tpn_tsn_plugin.models.necks.tpn.information_flow import KINDS
from tpn_tsn_plugin.registry import MODELS

CLASSES, FIELDS = 4, 2
TASKS = dict(verb=3, noun=CLASSES)
# Of the backbone's last two maps.
WIDTHS = (4, 8)
C = WIDTHS[-1]


class Batch(NamedTuple):
    """Pictures of 64 leave a last map of 2×2, of 32 one of 1×1, of 16 two of 1×1.

    Frames are a video's segments, or the length of its clip.
    """

    videos: int = 3
    frames: int = 4
    side: int = 64
    labels: str = 'different'


BATCHES = {
    'ordinary': Batch(),
    'one-video': Batch(videos=1),
    'one-class': Batch(labels='same'),
    'all-background': Batch(labels='background'),
    'one-frame': Batch(frames=1),
    'one-position': Batch(side=32),
    'one-position-below-too': Batch(side=16),
    'all-at-once': Batch(1, 1, 32, 'background'),
    'all-at-once-below-too': Batch(1, 1, 16, 'same'),
}


class SmallBackbone(BaseModule):
    """Five convolutions, each of which halves the picture; nothing mixes frames.

    Without normalisation: what comes of single values is the business of what follows.
    """

    def __init__(self, in_channels=3, *, clips=False, maps=1):
        super().__init__()
        widths = (in_channels, 4, 4, 4, *WIDTHS)
        self.convs = nn.ModuleList(
            nn.Conv3d(a, b, (1, 3, 3), (1, 2, 2), (0, 1, 1))
            if clips
            else nn.Conv2d(a, b, 3, 2, 1)
            for a, b in itertools.pairwise(widths)
        )
        self.maps = maps

    def forward(self, x):
        found = []
        for conv in self.convs:
            x = nn.functional.leaky_relu(conv(x), 0.1)
            found.append(x)
        return x if self.maps == 1 else tuple(found[-self.maps :])


def head(name, batch, in_channels=C, **options):
    """A head whose loss can be asked for background."""
    config = dict(type=name, in_channels=in_channels, num_classes=CLASSES)
    if batch.labels == 'background':
        config.update(loss_cls=dict(type='BCELossWithLogits'), multi_class=True)
    return config | dict(dropout_ratio=0.0) | options


def tsn(batch, consensus='AvgConsensus', *, at='scores', **options):
    consensus = dict(type=consensus, **options)
    return dict(
        type='SegmentRecognizer2D',
        backbone=dict(type=SmallBackbone),
        cls_head=head(
            'SegmentConsensusHead', batch, consensus=consensus, consensus_at=at
        ),
    )


def multi_task(batch):
    """Background is each task's first class, which does not count."""
    model = tsn(batch._replace(labels='same'))
    shared = model['cls_head']
    del shared['num_classes']
    tasks = {task: dict(num_classes=classes) for task, classes in TASKS.items()}
    if batch.labels == 'background':
        for task in tasks.values():
            weights = [0.0] + [1.0] * (task['num_classes'] - 1)
            task['loss_cls'] = dict(type='CrossEntropyLoss', class_weight=weights)
    return model | dict(cls_head=dict(type='MultiTaskHead', tasks=tasks, head=shared))


def tpn(batch, *, clips=False, rates=(2, 4), **options):
    aux_head = dict(num_classes=CLASSES, dropout_ratio=0.0)
    if batch.labels == 'background':
        aux_head['loss_cls'] = dict(type='BCELossWithLogits')
    single = options.get('source') == 'single_depth'
    neck = dict(
        type='TemporalPyramidNeck',
        in_channels=C if single else WIDTHS,
        out_channels=8,
        temporal_rates=rates,
        mid_channels=8,
        groups=2,
        aux_head=aux_head,
    )
    model = dict(
        type='Recognizer3D' if clips else 'PyramidRecognizer2D',
        backbone=dict(type=SmallBackbone, clips=clips, maps=1 if single else 2),
        neck=neck | options,
        cls_head=head('TemporalPyramidHead', batch, in_channels=8),
    )
    return model if clips else dict(model, num_segments=batch.frames)


def two_streams(batch, *fusions, clips=False, own_head=None, **options):
    own_head = head('TwoStreamFusionHead', batch, **own_head or {})
    fields = 2 if clips else 2 * FIELDS
    raw = dict(type='ActionDataPreprocessor')
    model = dict(
        type='TwoStreamRecognizer',
        spatial_backbone=dict(type=SmallBackbone, clips=clips),
        temporal_backbone=dict(type=SmallBackbone, in_channels=fields, clips=clips),
        stream_fusion=[dict(fusion, stage='backbone') for fusion in fusions],
        cls_head=own_head,
        data_preprocessor=dict(
            type='MultiModalDataPreprocessor',
            preprocessors=dict(imgs=raw, flow_imgs=raw),
        ),
    )
    if all(fusion.get('keep') for fusion in fusions):
        model['temporal_head'] = own_head
    return model | options


def fused(name, *, width=C, own_head=None, clips=False, pooling=None, **options):
    """Both streams, fused into one at their end."""
    return lambda batch: two_streams(
        batch,
        dict(type=name, **options),
        own_head=dict(in_channels=width, **own_head or {}),
        clips=clips,
        temporal_pooling=pooling,
    )


def pooled(name, **options):
    return fused('SumFusion', pooling=dict(type=name, **options))


# From a batch, whose number of frames some need, to a config.
MODELS_OF_KINDS = {
    'tsn': tsn,
    'tsn-features': lambda b: tsn(b, at='features'),
    'tsn-max': lambda b: tsn(b, 'MaxConsensus'),
    'tsn-top-k': lambda b: tsn(b, 'TopKConsensus', k=1),
    'tsn-linear': lambda b: tsn(b, 'LinearConsensus', num_segments=b.frames),
    'tsn-attention': lambda b: tsn(b, 'AttentionConsensus', in_channels=C),
    'tsn-windows': lambda b: tsn(b, 'TemporalWindowConsensus'),
    'tsn-window-attention': lambda b: tsn(
        b, 'TemporalWindowConsensus', window_pooling='attention', in_channels=C
    ),
    'multi-task': multi_task,
    **{
        f'tpn-{flow}': lambda b, flow=flow: tpn(b, information_flow=flow)
        for flow in KINDS
    },
    'tpn-equal-rates': lambda b: tpn(b, rates=(1, 1)),
    'tpn-without-spatial': lambda b: tpn(b, spatial_modulation=False),
    'tpn-without-temporal': lambda b: tpn(b, temporal_modulation=False),
    'tpn-single-depth': lambda b: tpn(b, source='single_depth'),
    'tpn-clips': lambda b: tpn(b, clips=True),
    'two-stream-late': two_streams,
    'two-stream-kept': lambda b: two_streams(b, dict(type='SumFusion', keep=True)),
    'two-stream-sum': fused('SumFusion'),
    'two-stream-max': fused('MaxFusion'),
    'two-stream-concat': fused('ConcatFusion', width=2 * C),
    'two-stream-conv': fused('ConvFusion', in_channels=C),
    'two-stream-bilinear': fused('BilinearFusion', width=C**2),
    'two-stream-clips': fused('SumFusion', clips=True),
    'two-stream-conv-head': fused('SumFusion', own_head=dict(conv_channels=6)),
    'two-stream-vgg-head': fused(
        'SumFusion', own_head=dict(pool_size=7, hidden_channels=(5,))
    ),
    'two-stream-pool2d': pooled('TemporalPool2d'),
    'two-stream-pool3d': pooled('TemporalPool3d'),
    'two-stream-pool3d-of-vgg': pooled(
        'TemporalPool3d', kernel_size=(5, 2, 2), stride=2, padding=0
    ),
    'two-stream-conv-pool3d': pooled('TemporalConvPool3d', channels=C),
}


def build(kind, batch):
    torch.manual_seed(0)
    return MODELS.build(MODELS_OF_KINDS[kind](batch))


def data(kind, batch, videos=None):
    """What a data loader gives; a video is the same in batches of any size."""
    loaded = [_video(kind, batch, number) for number in range(videos or batch.videos)]
    samples = []
    for number in range(len(loaded)):
        label = number % CLASSES if batch.labels == 'different' else 0
        if kind == 'multi-task':
            label = [label % classes for classes in TASKS.values()]
        elif batch.labels == 'background':
            label = torch.zeros(CLASSES)
        sample = ActionDataSample(metainfo=dict(num_clips=batch.frames))
        samples.append(sample.set_gt_label(label))
    if kind.startswith('two-stream'):
        return dict(
            inputs={key: [video[key] for video in loaded] for key in loaded[0]},
            data_samples=samples,
        )
    return dict(inputs=[video['imgs'] for video in loaded], data_samples=samples)


def _video(kind, batch, number):
    """(K, C, H, W), or one clip (1, C, T, H, W)."""
    clips = kind.endswith('clips')
    generator = torch.Generator().manual_seed(number)
    streams = {}
    for key, channels in (('imgs', 3), ('flow_imgs', 2 if clips else 2 * FIELDS)):
        shape = batch.frames, channels, batch.side, batch.side
        x = torch.randn(shape, generator=generator)
        streams[key] = x.transpose(0, 1)[None] if clips else x
    return streams
