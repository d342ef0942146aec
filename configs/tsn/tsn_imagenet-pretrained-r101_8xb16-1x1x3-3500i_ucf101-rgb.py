_base_ = 'tsn_imagenet-pretrained-r50_8xb16-1x1x3-3500i_ucf101-rgb.py'

model = dict(backbone=dict(depth=101, pretrained=_base_.imagenet_r101))
