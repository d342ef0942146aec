_base_ = 'tpn_slowonly_r50.py'

model = dict(backbone=dict(depth=101, pretrained=_base_.imagenet_r101))
