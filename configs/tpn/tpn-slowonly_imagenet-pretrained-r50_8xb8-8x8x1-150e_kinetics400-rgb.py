_base_ = [
    '../_base_/models/tpn_slowonly_r50.py',
    '../_base_/datasets/kinetics400_8x8.py',
    '../_base_/schedules/sgd_150e.py',
]
