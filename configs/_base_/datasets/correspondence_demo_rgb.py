# Single frames.
_base_ = 'correspondence_demo.py'

pack = [
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'num_clips', 'video_id')),
]
one = dict(type='SegmentSampleFrames', clip_len=1, num_clips=1)
train_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, one, _base_.decode, _base_.flip, *pack])
)
test_pipeline = [
    _base_.open_video,
    dict(one, test_mode=True),
    _base_.decode,
    *pack,
]
testing = dict(pipeline=test_pipeline)
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
