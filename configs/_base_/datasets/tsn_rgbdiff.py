# Five RGB differences in place of each frame.
_base_ = 'tsn_rgb.py'

segments = dict(type='SegmentSampleFrames', clip_len=6, num_clips=3)
difference = dict(type='RGBDifference')
decode = dict(type='DecordDecodeOnce')
train_steps = [decode, *_base_.augment, difference, *_base_.pack]
val_steps = [decode, *_base_.centre_crop, difference, *_base_.pack]
test_steps = [decode, *_base_.ten_crop, difference, *_base_.pack]

centres = dict(segments, test_mode=True)
test_pipeline = [_base_.open_video, dict(centres, num_clips=25), *test_steps]
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, segments, *train_steps])
)
val_dataloader = dict(dataset=dict(pipeline=[_base_.open_video, centres, *val_steps]))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
