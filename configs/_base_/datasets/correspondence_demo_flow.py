# Five fields, computed on the way.
_base_ = 'correspondence_demo.py'

pack = [
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'num_clips', 'video_id')),
]
decode = [
    dict(type='DecordDecodeOnce'),
    dict(type='ComputeOpticalFlow', algorithm='dis'),
]
train_dataloader = dict(
    dataset=dict(
        pipeline=[_base_.open_video, _base_.snippet, *decode, _base_.flip, *pack]
    )
)
test_pipeline = [_base_.open_video, _base_.centre, *decode, *pack]
testing = dict(pipeline=test_pipeline)
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
