_base_ = [
    '../_base_/models/tsm_r50.py',
    '../_base_/datasets/sthv2.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(cls_head=dict(num_classes=174))
