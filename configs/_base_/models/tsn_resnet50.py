# ResNet-50 with the head and the dropout of the TSN paper.
_base_ = 'tsn_bninception.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='ResNet',
        depth=50,
        pretrained=_base_.imagenet_r50,
        norm_eval=False,
    ),
    cls_head=dict(in_channels=2048),
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53], std=[58.395, 57.12, 57.375], to_rgb=False
    ),
)
