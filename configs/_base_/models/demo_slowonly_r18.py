# A SlowOnly-R18 small enough for a laptop's CPU, without a neck.
_base_ = 'slowonly_r50.py'

model = dict(
    backbone=dict(depth=18, base_channels=32, pretrained=None),
    cls_head=dict(num_classes=12, in_channels=256),
    test_cfg=None,
)
