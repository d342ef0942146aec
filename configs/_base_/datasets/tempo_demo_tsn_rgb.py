# Single frames of three segments of the generated clips.
_base_ = 'loaders.py'

segments = dict(type='SegmentSampleFrames', clip_len=1, num_clips=3)
before = [dict(type='DecordInit')]
flip = dict(type='OpticalFlowFlip', flip_ratio=0.5)
pack = [
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'num_clips', 'video_id')),
]
train_steps = [dict(type='DecordDecode'), flip, *pack]
test_steps = [dict(type='DecordDecode'), *pack]

videos = dict(type='TempoDemoDataset', data_root='work_dirs/demo_data/tempo')
test_pipeline = [*before, dict(segments, test_mode=True), *test_steps]
testing = dict(videos, pipeline=test_pipeline, test_mode=True)
train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(videos, split='train', pipeline=[*before, segments, *train_steps]),
)
val_dataloader = dict(batch_size=16, num_workers=1, dataset=dict(testing, split='val'))
test_dataloader = dict(
    batch_size=16, num_workers=1, dataset=dict(testing, split='test')
)
