_base_ = [
    '../_base_/models/tpn_tsn_r50.py',
    '../_base_/datasets/sthv2.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(neck=dict(aux_head=dict(num_classes=174)), cls_head=dict(num_classes=174))
