_base_ = [
    '../_base_/models/two_stream_vgg16_flow.py',
    '../_base_/datasets/hmdb51_flow.py',
    '../_base_/schedules/two_stream_119000i.py',
]

model = dict(cls_head=dict(num_classes=51))
segments = dict(_base_.segments, clip_len=10, num_clips=1)
centres = dict(segments, test_mode=True)
many = dict(centres, num_clips=25)
test_pipeline = [_base_.find_frames, many, *_base_.test_steps]
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.find_frames, segments, *_base_.train_steps])
)
val_dataloader = dict(
    dataset=dict(pipeline=[_base_.find_frames, centres, *_base_.val_steps])
)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
custom_hooks = [*_base_.custom_hooks, _base_.initialisation]
