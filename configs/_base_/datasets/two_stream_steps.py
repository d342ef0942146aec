# Steps of the TSN pipelines, to RGB frames and fields together.
_base_ = 'tsn_steps.py'

pack = [
    dict(type='FormatTwoStreams'),
    dict(
        type='PackActionInputs',
        collect_keys=('imgs', 'flow_imgs'),
        meta_keys=('img_shape', 'num_clips', 'video_id'),
    ),
]
