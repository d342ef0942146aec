# Eight segments for 2D backbones; tested with ten crops (TPN paper, Table 3).
_base_ = 'kinetics400.py'

segments = dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=8)
load = [_base_.open_video, segments, _base_.decode]
load_fixed = [_base_.open_video, dict(segments, test_mode=True), _base_.decode]

train_pipeline = [*load, *_base_.random_crop, _base_.flip, *_base_.pack_frames]
val_pipeline = [*load_fixed, *_base_.centre_crop, *_base_.pack_frames]
test_pipeline = [*load_fixed, *_base_.ten_crop, *_base_.pack_frames]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=val_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
