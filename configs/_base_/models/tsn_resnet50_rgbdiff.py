# Twice the mean deviation of the colours, as tsn-pytorch scales differences.
_base_ = 'tsn_resnet50.py'

model = dict(
    backbone=dict(in_channels=15, pretrained=None),
    data_preprocessor=dict(mean=[0] * 15, std=[115.26] * 15),
)
initialisation = dict(type='CrossModalityInitHook', checkpoint=_base_.imagenet_r50)
