_base_ = [
    '../_base_/models/tsn_resnet50_rgbdiff.py',
    '../_base_/datasets/ucf101_rgbdiff.py',
    '../_base_/schedules/tsn_13500i.py',
]

custom_hooks = [*_base_.custom_hooks, _base_.initialisation]
