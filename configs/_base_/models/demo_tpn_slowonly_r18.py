_base_ = 'demo_slowonly_r18.py'

model = dict(
    backbone=dict(out_indices=(2, 3)),
    neck=dict(
        type='TemporalPyramidNeck',
        in_channels=(128, 256),
        out_channels=256,
        temporal_rates=(4, 8),
        information_flow='parallel',
        mid_channels=128,
        groups=8,
        aux_head=dict(num_classes=12, loss_weights=0.5),
    ),
    cls_head=dict(
        _delete_=True,
        type='TemporalPyramidHead',
        num_classes=12,
        in_channels=256,
        dropout_ratio=0.5,
    ),
)
