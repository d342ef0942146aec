# A frame and a stack of five fields of three segments, from folders of RGB frames and
# extracted optical flow; tested on 25 segments and ten crops.
_base_ = ['two_stream_steps.py', 'loaders.py']

segments = dict(type='SegmentSampleFrames', clip_len=6, num_clips=3)
before = [dict(type='FindPairedFrames')]
decode = [dict(type='PairedRawFrameDecode')]
train_steps = [*decode, *_base_.augment, *_base_.pack]
val_steps = [*decode, *_base_.centre_crop, *_base_.pack]
test_steps = [*decode, *_base_.ten_crop, *_base_.pack]

centres = dict(segments, test_mode=True)
test_pipeline = [*before, dict(centres, num_clips=25), *test_steps]
train_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=[*before, segments, *train_steps])
)
val_dataloader = dict(
    batch_size=16, dataset=dict(pipeline=[*before, centres, *val_steps])
)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
