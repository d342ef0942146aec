"""Small recognisers of each family that can be exported, and a packed sample each."""

import copy

import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.registry import MODELS

SIZE, SEGMENTS, LENGTH, CLASSES = 32, 4, 4, 5
MEAN, STD = [120.0, 110.0, 100.0], [58.0, 57.0, 56.0]
# Two stages of ResNet-18 have 128 channels.
SHALLOW = dict(
    depth=18,
    num_stages=2,
    strides=(1, 2),
    dilations=(1, 1),
    out_indices=(1,),
    pretrained=None,
)
RESNET = dict(type='ResNet', **SHALLOW)
# MMAction2's has always four stages.
TSM = dict(
    type='ResNetTSM',
    depth=18,
    pretrained=None,
    num_segments=SEGMENTS,
    out_indices=(2, 3),
)
SLOW_ONLY = dict(
    type='ResNet3dSlowOnly',
    depth=18,
    base_channels=8,
    pretrained=None,
    lateral=False,
    conv1_kernel=(1, 7, 7),
    conv1_stride_t=1,
    pool1_stride_t=1,
    out_indices=(2, 3),
)


def head(kind='SegmentConsensusHead', **options):
    return dict(dict(type=kind, num_classes=CLASSES, in_channels=128), **options)


def preprocessor(channels=3, layout='NCHW', **options):
    mean, std = (MEAN, STD) if channels == 3 else ([128.0] * channels, [15.0])
    return dict(
        type='ActionDataPreprocessor',
        mean=mean,
        std=std * (channels if len(std) == 1 else 1),
        format_shape=layout,
        **options,
    )


def pyramid(widths):
    return dict(
        type='TemporalPyramidNeck',
        in_channels=widths,
        out_channels=16,
        temporal_rates=(2, 4),
        mid_channels=16,
        groups=4,
    )


def tsn(**options):
    return dict(
        dict(
            type='Recognizer2D',
            backbone=RESNET,
            cls_head=head(),
            data_preprocessor=preprocessor(),
        ),
        **options,
    )


def two_streams(**options):
    # a config that MMEngine has dumped has them in the order of the alphabet
    both = dict(flow_imgs=preprocessor(10), imgs=preprocessor())
    return dict(
        dict(
            type='TwoStreamRecognizer',
            spatial_backbone=RESNET,
            temporal_backbone=dict(RESNET, in_channels=10),
            cls_head=head('TwoStreamFusionHead'),
            data_preprocessor=dict(
                type='MultiModalDataPreprocessor', preprocessors=both
            ),
        ),
        **options,
    )


CONV = dict(type='ConvFusion', stage='layer2', in_channels=128)
BGR = preprocessor(to_rgb=True)
VERBS = dict(type='SegmentConsensusHead', in_channels=128)
MULTI_LABEL = dict(multi_class=True, loss_cls=dict(type='BCELossWithLogits'))
ATTENTION = dict(type='AttentionConsensus', in_channels=128)

FAMILIES = {
    'tsn average': tsn(),
    'tsn max': tsn(cls_head=head(consensus=dict(type='MaxConsensus'))),
    'tsn top-k': tsn(cls_head=head(consensus=dict(type='TopKConsensus', k=2))),
    'tsn linear': tsn(
        cls_head=head(consensus=dict(type='LinearConsensus', num_segments=SEGMENTS))
    ),
    'tsn attention': tsn(cls_head=head(consensus=ATTENTION)),
    'tsn windows': tsn(
        cls_head=head(
            test_consensus=dict(type='TemporalWindowConsensus', window_sizes=(1, 2))
        )
    ),
    'tsn of features': tsn(cls_head=head(consensus_at='features')),
    'tsn of MMAction2': tsn(cls_head=head('TSNHead', average_clips='prob')),
    'bgr': tsn(data_preprocessor=BGR),
    'scores': tsn(cls_head=head(average_clips='score')),
    'several labels': tsn(cls_head=head(**MULTI_LABEL)),
    'several tasks': tsn(
        cls_head=dict(type='MultiTaskHead', tasks=dict(verb=4, noun=3), head=VERBS)
    ),
    'tsm and tpn': tsn(
        type='PyramidRecognizer2D',
        backbone=TSM,
        neck=pyramid((256, 512)),
        cls_head=head('TemporalPyramidHead', in_channels=16),
    ),
    'slowonly and tpn': dict(
        type='Recognizer3D',
        backbone=SLOW_ONLY,
        neck=pyramid((32, 64)),
        cls_head=head('TemporalPyramidHead', in_channels=16),
        test_cfg=dict(fcn_test=True),
        data_preprocessor=preprocessor(layout='NCTHW'),
    ),
    'late fusion': two_streams(
        temporal_head=head('TwoStreamFusionHead'), head_weights=(1, 1.5)
    ),
    'fusion and pooling': two_streams(
        stream_fusion=[CONV],
        temporal_pooling=dict(type='TemporalPool3d'),
        # its maxima are large, and softmax would make ones and zeros of them
        cls_head=head('TwoStreamFusionHead', average_clips='score'),
    ),
    'bilinear fusion': two_streams(
        stream_fusion=[dict(type='BilinearFusion', stage='layer2')],
        cls_head=head('TwoStreamFusionHead', in_channels=128 * 128),
    ),
}


def build(config, seed=0):
    """A recogniser that tells classes, and normalised maps, well apart."""
    init_default_scope('mmaction')
    torch.manual_seed(seed)
    model = MODELS.build(copy.deepcopy(config)).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.Linear):
            torch.nn.init.normal_(module.weight, std=0.05)
        if hasattr(module, 'running_mean'):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
    if hasattr(getattr(model, 'cls_head', None), 'consensus'):
        for weight in model.cls_head.consensus.parameters():
            torch.nn.init.normal_(weight, std=0.3)
    return model


def sample(config, views=2, size=SIZE, **meta):
    """What a test pipeline packs: frames of all views, or clips."""
    generator = torch.Generator().manual_seed(0)

    def noise(*shape):
        return torch.randint(0, 256, shape, generator=generator, dtype=torch.uint8)

    frames = views * SEGMENTS
    if config['type'] == 'Recognizer3D':
        inputs = noise(views, 3, LENGTH, size, size)
    elif config['type'] == 'TwoStreamRecognizer':
        inputs = dict(
            imgs=noise(frames, 3, size, size), flow_imgs=noise(frames, 10, size, size)
        )
    else:
        inputs = noise(frames, 3, size, size)
    meta = meta or dict(num_clips=SEGMENTS)
    return dict(inputs=inputs, data_samples=ActionDataSample(metainfo=meta))
