_base_ = [
    '../_base_/models/tpn_slowonly_r101.py',
    '../_base_/datasets/kinetics400_16x4.py',
    '../_base_/schedules/sgd_150e.py',
]

model = dict(neck=dict(temporal_rates=(8, 16)))
