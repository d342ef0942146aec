# Stacks of five optical flow fields, extracted on first use.
_base_ = 'tempo_demo_tsn_rgb.py'

segments = dict(type='SegmentSampleFrames', clip_len=5, num_clips=3)
before = [dict(type='FindFrames')]
decode = dict(type='CheckedRawFrameDecode')
train_steps = [decode, _base_.flip, *_base_.pack]
test_steps = [decode, *_base_.pack]

test_pipeline = [*before, dict(segments, test_mode=True), *test_steps]
testing = dict(modality='Flow', pipeline=test_pipeline)
train_dataloader = dict(
    dataset=dict(modality='Flow', pipeline=[*before, segments, *train_steps])
)
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
