# Differences have no mean, and keep the scale of the images.
_base_ = 'tsn_bninception.py'

model = dict(
    backbone=dict(in_channels=15, pretrained=None),
    data_preprocessor=dict(mean=[0] * 15, std=[1] * 15, to_rgb=False),
)
initialisation = dict(
    type='CrossModalityInitHook', checkpoint=_base_.imagenet_bninception
)
