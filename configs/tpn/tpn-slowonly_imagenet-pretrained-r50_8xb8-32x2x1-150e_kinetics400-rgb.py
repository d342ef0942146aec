_base_ = [
    '../_base_/models/tpn_slowonly_r50.py',
    '../_base_/datasets/kinetics400_32x2.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(neck=dict(temporal_rates=(16, 32)))
