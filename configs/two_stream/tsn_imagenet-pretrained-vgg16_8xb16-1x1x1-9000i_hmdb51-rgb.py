_base_ = [
    '../_base_/models/two_stream_vgg16_rgb.py',
    '../_base_/datasets/hmdb51_rgb.py',
    '../_base_/schedules/two_stream_9000i.py',
]

model = dict(cls_head=dict(num_classes=51))
segments = dict(_base_.segments, num_clips=1)
centres = dict(segments, test_mode=True)
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, segments, *_base_.train_steps])
)
val_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, centres, *_base_.val_steps])
)
