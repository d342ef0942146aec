_base_ = [
    '../_base_/models/tsn_bninception.py',
    '../_base_/datasets/hmdb51_rgb.py',
    '../_base_/schedules/tsn_3500i.py',
]

model = dict(cls_head=dict(num_classes=51))
