_base_ = 'tsn_imagenet-pretrained-bninception_8xb16-1x1x3-3500i_ucf101-rgb.py'

segments = dict(_base_.segments, num_clips=5)
centres = dict(segments, test_mode=True)
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, segments, *_base_.train_steps])
)
val_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, centres, *_base_.val_steps])
)
