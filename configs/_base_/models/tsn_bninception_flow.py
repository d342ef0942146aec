_base_ = 'tsn_bninception.py'

model = dict(
    backbone=dict(in_channels=10, pretrained=None),
    cls_head=dict(dropout_ratio=0.7),
    data_preprocessor=dict(mean=[128] * 10, std=[1] * 10, to_rgb=False),
)
initialisation = dict(
    type='CrossModalityInitHook', checkpoint=_base_.imagenet_bninception
)
# The new first layer learns five times as fast, as in the authors' code.
first_convolution = {
    'backbone.conv1_7x7_s2.weight': dict(lr_mult=5),
    'backbone.conv1_7x7_s2.bias': dict(lr_mult=10, decay_mult=0),
}
