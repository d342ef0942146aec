_base_ = 'two_stream_vgg16_rgb.py'

model = dict(
    backbone=dict(in_channels=20, pretrained=None),
    cls_head=dict(dropout_ratio=0.9),
    data_preprocessor=dict(mean=[128] * 20, std=[57.63] * 20),
)
initialisation = dict(type='CrossModalityInitHook', checkpoint=_base_.imagenet_vgg16)
