# Videos of the correspondence task, generated on first use; a frame and the five fields
# around it, computed on the way.
_base_ = 'loaders.py'

snippet = dict(type='SegmentSampleFrames', clip_len=6, num_clips=1)
open_video = dict(type='DecordInit')
optical_flow = dict(type='ComputeOpticalFlow', algorithm='dis', keep_rgb='centre')
flip = dict(type='OpticalFlowFlip', flip_ratio=0.5)
pack = [
    dict(type='FormatTwoStreams'),
    dict(
        type='PackActionInputs',
        collect_keys=('imgs', 'flow_imgs'),
        meta_keys=('img_shape', 'num_clips', 'video_id'),
    ),
]
decode = dict(type='DecordDecodeOnce')
train_steps = [decode, optical_flow, flip, *pack]
test_steps = [decode, optical_flow, *pack]

videos = dict(
    type='CorrespondenceDemoDataset', data_root='work_dirs/demo_data/correspondence'
)
centre = dict(snippet, test_mode=True)
test_pipeline = [open_video, centre, *test_steps]
testing = dict(videos, pipeline=test_pipeline, test_mode=True)
train_dataloader = dict(
    batch_size=16,
    num_workers=2,
    dataset=dict(videos, split='train', pipeline=[open_video, snippet, *train_steps]),
)
val_dataloader = dict(batch_size=16, num_workers=1, dataset=dict(testing, split='val'))
test_dataloader = dict(
    batch_size=16, num_workers=1, dataset=dict(testing, split='test')
)
