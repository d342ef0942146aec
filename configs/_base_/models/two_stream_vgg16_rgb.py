# One stream alone: VGG-16 up to pool5, and the layers fc6 to fc8 as its head.
_base_ = 'imagenet_weights.py'

model = dict(
    type='SegmentRecognizer2D',
    backbone=dict(type='VGG', depth=16, pretrained=_base_.imagenet_vgg16),
    cls_head=dict(
        type='TwoStreamFusionHead',
        num_classes=101,
        in_channels=512,
        pool_size=7,
        hidden_channels=(4096, 4096),
        hidden_init_cfg=dict(
            type='Pretrained', checkpoint=_base_.imagenet_vgg16, prefix='classifier'
        ),
        dropout_ratio=0.85,
    ),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCHW',
    ),
)
