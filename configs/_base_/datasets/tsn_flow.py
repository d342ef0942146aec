# Stacks of five optical flow fields, from folders of extracted JPEG files.
_base_ = 'tsn_rgb.py'

segments = dict(type='SegmentSampleFrames', clip_len=5, num_clips=3)
find_frames = dict(type='FindFrames')
decode = dict(type='CheckedRawFrameDecode')
train_steps = [decode, *_base_.augment, *_base_.pack]
val_steps = [decode, *_base_.centre_crop, *_base_.pack]
test_steps = [decode, *_base_.ten_crop, *_base_.pack]

centres = dict(segments, test_mode=True)
test_pipeline = [find_frames, dict(centres, num_clips=25), *test_steps]
train_dataloader = dict(dataset=dict(pipeline=[find_frames, segments, *train_steps]))
val_dataloader = dict(dataset=dict(pipeline=[find_frames, centres, *val_steps]))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
