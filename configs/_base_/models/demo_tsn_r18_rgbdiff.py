_base_ = 'demo_tsn_r18.py'

model = dict(
    backbone=dict(in_channels=15),
    data_preprocessor=dict(mean=[0] * 15, std=[15] * 15),
)
