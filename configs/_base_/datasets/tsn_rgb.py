# Single RGB frames of three segments, tested on 25 segments and ten crops. 8 GPUs times
# 16 videos, the batch of 128 of the paper (section 4.1).
_base_ = ['tsn_steps.py', 'loaders.py']

segments = dict(type='SegmentSampleFrames', clip_len=1, num_clips=3)
open_video = dict(type='DecordInitInPlace')
train_steps = [dict(type='DecordDecode'), *_base_.augment, *_base_.pack]
val_steps = [dict(type='DecordDecode'), *_base_.centre_crop, *_base_.pack]
test_steps = [dict(type='DecordDecode'), *_base_.ten_crop, *_base_.pack]

centres = dict(segments, test_mode=True)
test_pipeline = [open_video, dict(centres, num_clips=25), *test_steps]
train_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=[open_video, segments, *train_steps])
)
val_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=[open_video, centres, *val_steps])
)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
