# Each frame with the five differences after it; the frame's kernel is ImageNet's.
_base_ = 'tsn_imagenet-pretrained-r50_8xb16-6x1x3-13500i_ucf101-rgbdiff.py'

model = dict(
    backbone=dict(in_channels=18),
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53, *[0] * 15],
        std=[58.395, 57.12, 57.375, *[255] * 15],
    ),
)
custom_hooks = [*_base_.custom_hooks[:-1], dict(_base_.initialisation, keep_rgb=True)]

pack = [dict(type='RGBDifference', keep_rgb=True), *_base_.pack]
load = [_base_.open_video, _base_.segments, _base_.decode]
load_centres = [_base_.open_video, _base_.centres, _base_.decode]
load_many = [_base_.open_video, dict(_base_.centres, num_clips=25), _base_.decode]
test_pipeline = [*load_many, *_base_.ten_crop, *pack]
train_dataloader = dict(dataset=dict(pipeline=[*load, *_base_.augment, *pack]))
val_dataloader = dict(
    dataset=dict(pipeline=[*load_centres, *_base_.centre_crop, *pack])
)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
