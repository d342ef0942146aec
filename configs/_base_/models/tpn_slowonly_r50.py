_base_ = ['slowonly_r50.py', 'temporal_pyramid.py']

model = dict(
    backbone=dict(out_indices=(2, 3)),
    neck=_base_.pyramid_neck,
    cls_head=dict(_delete_=True, **_base_.pyramid_head),
)
