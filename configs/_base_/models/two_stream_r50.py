# Two ResNet-50, fused by convolution after their last stage. Both have a head.
_base_ = 'imagenet_weights.py'

stream = dict(type='ResNet', depth=50, norm_eval=False)
head = dict(
    type='TwoStreamFusionHead',
    num_classes=101,
    in_channels=2048,
    dropout_ratio=0.8,
    init_std=0.001,
    average_clips='score',
)
model = dict(
    type='TwoStreamRecognizer',
    spatial_backbone=dict(stream, pretrained=_base_.imagenet_r50),
    temporal_backbone=dict(stream, pretrained=None, in_channels=10),
    stream_fusion=[dict(type='ConvFusion', stage=3, in_channels=2048, keep=True)],
    temporal_pooling=dict(type='TemporalPool3d'),
    temporal_head_pooling=dict(type='TemporalPool3d'),
    cls_head=head,
    temporal_head=dict(head, dropout_ratio=0.7),
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            imgs=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCHW',
            ),
            flow_imgs=dict(
                type='ActionDataPreprocessor',
                mean=[128] * 10,
                std=[57.63] * 10,
                format_shape='NCHW',
            ),
        ),
    ),
)
initialisation = dict(
    type='CrossModalityInitHook',
    checkpoint=_base_.imagenet_r50,
    module='temporal_backbone',
)
# The new first layer learns five times as fast, as in TSN's code.
first_convolution = {'temporal_backbone.conv1.conv.weight': dict(lr_mult=5)}
