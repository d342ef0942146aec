# The mean deviation of the colours, as tsn-pytorch scales optical flow.
_base_ = 'tsn_resnet50.py'

model = dict(
    backbone=dict(in_channels=10, pretrained=None),
    cls_head=dict(dropout_ratio=0.7),
    data_preprocessor=dict(mean=[128] * 10, std=[57.63] * 10),
)
initialisation = dict(type='CrossModalityInitHook', checkpoint=_base_.imagenet_r50)
# The new first layer learns five times as fast, as in the authors' code.
first_convolution = {'backbone.conv1.conv.weight': dict(lr_mult=5)}
