_base_ = 'demo_tsn_r18.py'

model = dict(
    backbone=dict(in_channels=10),
    data_preprocessor=dict(mean=[128] * 10, std=[15] * 10),
)
