_base_ = 'tsn_r50.py'

model = dict(
    backbone=dict(type='ResNetTSM', num_segments=8, shift_div=8),
    cls_head=dict(type='TSMHead', num_segments=8, init_std=0.001),
)
