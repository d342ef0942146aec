_base_ = [
    '../_base_/models/two_stream_late_r50.py',
    '../_base_/datasets/ucf101_two_streams.py',
    '../_base_/schedules/tsn_20000i.py',
]

custom_hooks = [*_base_.custom_hooks, _base_.initialisation]
optim_wrapper = dict(paramwise_cfg=dict(custom_keys=_base_.first_convolution))
