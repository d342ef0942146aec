# BN-Inception as the TSN paper uses it (section 4.1): dropout 0.8 before the
# classifier, the average over the segments after it.
_base_ = 'imagenet_weights.py'

model = dict(
    type='Recognizer2D',
    backbone=dict(type='BNInception', pretrained=_base_.imagenet_bninception),
    cls_head=dict(
        type='SegmentConsensusHead',
        num_classes=101,
        in_channels=1024,
        consensus=dict(type='AvgConsensus'),
        dropout_ratio=0.8,
        init_std=0.001,
        # scores before softmax, as score fusion takes them
        average_clips='score',
    ),
    # The weights want BGR and no scaling.
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[104, 117, 128],
        std=[1, 1, 1],
        to_rgb=True,
        format_shape='NCHW',
    ),
)
