# The same from videos: optical flow is computed while training. With cache_dir later
# epochs find fields of earlier ones on disk.
_base_ = 'two_stream_folders.py'

before = [dict(type='DecordInit')]
decode = [
    dict(type='DecordDecodeOnce'),
    # As large as the crops are taken from, so that less is computed.
    dict(type='Resize', scale=(340, 256), keep_ratio=False),
    dict(type='ComputeOpticalFlow', algorithm='dis', keep_rgb='centre'),
]
train_steps = [*decode, *_base_.augment, *_base_.pack]
val_steps = [*decode, *_base_.centre_crop, *_base_.pack]
test_steps = [*decode, *_base_.ten_crop, *_base_.pack]
test_pipeline = [*before, dict(_base_.centres, num_clips=25), *test_steps]

train_dataloader = dict(dataset=dict(pipeline=[*before, _base_.segments, *train_steps]))
val_dataloader = dict(dataset=dict(pipeline=[*before, _base_.centres, *val_steps]))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
