_base_ = 'demo_tsn_r18.py'

model = dict(
    backbone=dict(in_channels=18),
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53, *[0] * 15],
        std=[58.395, 57.12, 57.375, *[15] * 15],
    ),
)
