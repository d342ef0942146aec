# tsn-pytorch leaves differences of images from 0 to 1 as they are.
_base_ = 'tsn_resnet50.py'

model = dict(
    backbone=dict(in_channels=15, pretrained=None),
    data_preprocessor=dict(mean=[0] * 15, std=[255] * 15),
)
initialisation = dict(type='CrossModalityInitHook', checkpoint=_base_.imagenet_r50)
