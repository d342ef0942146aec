# Optical flow is computed from the videos while training.
_base_ = [
    '../_base_/models/two_stream_r50.py',
    '../_base_/datasets/ucf101_two_streams_videos.py',
    '../_base_/schedules/tsn_20000i.py',
]

custom_hooks = [*_base_.custom_hooks, _base_.initialisation]
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=_base_.first_convolution))
