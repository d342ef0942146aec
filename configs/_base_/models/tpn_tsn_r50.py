_base_ = ['tsn_r50.py', 'temporal_pyramid.py']

model = dict(
    type='PyramidRecognizer2D',
    num_segments=8,
    backbone=dict(out_indices=(2, 3)),
    neck=_base_.pyramid_neck,
    cls_head=dict(_delete_=True, **_base_.pyramid_head),
)
