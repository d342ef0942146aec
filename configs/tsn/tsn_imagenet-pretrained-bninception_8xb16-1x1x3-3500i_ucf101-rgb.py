_base_ = [
    '../_base_/models/tsn_bninception.py',
    '../_base_/datasets/ucf101_rgb.py',
    '../_base_/schedules/tsn_3500i.py',
]
