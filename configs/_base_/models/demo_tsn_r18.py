# A TSN small enough for a laptop's CPU: three stages of ResNet-18.
model = dict(
    type='Recognizer2D',
    backbone=dict(
        type='ResNet',
        depth=18,
        num_stages=3,
        strides=(2, 2, 2),
        dilations=(1, 1, 1),
        out_indices=(2,),
        norm_eval=False,
    ),
    cls_head=dict(
        type='SegmentConsensusHead',
        num_classes=12,
        in_channels=256,
        consensus=dict(type='AvgConsensus'),
        dropout_ratio=0.2,
    ),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCHW',
    ),
)
