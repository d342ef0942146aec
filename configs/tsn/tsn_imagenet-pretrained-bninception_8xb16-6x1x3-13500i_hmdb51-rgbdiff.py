_base_ = [
    '../_base_/models/tsn_bninception_rgbdiff.py',
    '../_base_/datasets/hmdb51_rgbdiff.py',
    '../_base_/schedules/tsn_13500i.py',
]

model = dict(cls_head=dict(num_classes=51))
custom_hooks = [*_base_.custom_hooks, _base_.initialisation]
