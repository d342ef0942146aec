_base_ = [
    '../_base_/models/tsn_bninception.py',
    '../_base_/datasets/sthv1.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(cls_head=dict(num_classes=174, dropout_ratio=0.5))
