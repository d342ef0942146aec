# Generated on first use; see `tpn-tsn make-demo-data --help`.
_base_ = 'loaders.py'

clip = dict(type='SampleFrames', clip_len=8, frame_interval=4, num_clips=1)
open_video = dict(type='DecordInit')
to_input = [
    dict(type='DecordDecode'),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
videos = dict(type='TempoDemoDataset', data_root='work_dirs/demo_data/tempo')
test_pipeline = [open_video, dict(clip, test_mode=True), *to_input]
testing = dict(videos, pipeline=test_pipeline, test_mode=True)

train_dataloader = dict(
    batch_size=16,
    num_workers=1,
    dataset=dict(videos, split='train', pipeline=[open_video, clip, *to_input]),
)
val_dataloader = dict(batch_size=16, num_workers=1, dataset=dict(testing, split='val'))
test_dataloader = dict(
    batch_size=16, num_workers=1, dataset=dict(testing, split='test')
)
