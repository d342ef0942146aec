_base_ = 'kinetics400_clips.py'

clip = dict(type='SampleFrames', clip_len=16, frame_interval=4, num_clips=1)
train_pipeline = [_base_.open_video, clip, *_base_.train_transforms]
val_pipeline = [_base_.open_video, dict(clip, test_mode=True), *_base_.val_transforms]
test_pipeline = [
    _base_.open_video,
    dict(clip, num_clips=10, test_mode=True),
    *_base_.test_transforms,
]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
