# Five RGB differences in place of each frame.
_base_ = 'tempo_demo_tsn_rgb.py'

segments = dict(type='SegmentSampleFrames', clip_len=6, num_clips=3)
decode = dict(type='DecordDecode')
difference = dict(type='RGBDifference')
train_steps = [decode, _base_.flip, difference, *_base_.pack]
test_steps = [decode, difference, *_base_.pack]

test_pipeline = [*_base_.before, dict(segments, test_mode=True), *test_steps]
testing = dict(pipeline=test_pipeline)
train_dataloader = dict(dataset=dict(pipeline=[*_base_.before, segments, *train_steps]))
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
