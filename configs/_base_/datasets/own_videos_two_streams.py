# Your own videos, a frame and five fields of three segments each; options as in
# own_videos.py. TV-L1 takes long: with cache_dir each field is computed once.
_base_ = 'own_videos.py'

snippets = dict(type='SegmentSampleFrames', clip_len=6, num_clips=3)
decode = [
    dict(type='DecordDecodeOnce'),
    dict(type='Resize', scale=(-1, 128)),
    dict(type='ComputeOpticalFlow', algorithm='dis', keep_rgb='centre'),
]
random_crop = [*_base_.random_crop[:2], dict(type='OpticalFlowFlip', flip_ratio=0.5)]
pack = [
    dict(type='FormatTwoStreams'),
    dict(
        type='PackActionInputs',
        collect_keys=('imgs', 'flow_imgs'),
        meta_keys=('img_shape', 'num_clips', 'video_id'),
    ),
]
centres = dict(snippets, test_mode=True)
test_pipeline = [
    _base_.open_video,
    dict(centres, num_clips=9),
    *decode,
    dict(type='OpticalFlowTenCrop', crop_size=112),
    *pack,
]

train_dataloader = dict(
    dataset=dict(pipeline=[_base_.open_video, snippets, *decode, *random_crop, *pack])
)
val_dataloader = dict(
    dataset=dict(
        pipeline=[
            _base_.open_video,
            centres,
            *decode,
            dict(type='CenterCrop', crop_size=112),
            *pack,
        ]
    )
)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
