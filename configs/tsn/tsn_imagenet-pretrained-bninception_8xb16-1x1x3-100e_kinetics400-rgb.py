_base_ = [
    '../_base_/models/tsn_bninception.py',
    '../_base_/datasets/kinetics400_tsn.py',
    '../_base_/schedules/tsn_100e.py',
]

model = dict(cls_head=dict(num_classes=400, dropout_ratio=0.4))
