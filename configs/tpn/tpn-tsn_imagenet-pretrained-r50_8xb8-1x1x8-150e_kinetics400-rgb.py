_base_ = [
    '../_base_/models/tpn_tsn_r50.py',
    '../_base_/datasets/kinetics400_1x1x8.py',
    '../_base_/schedules/sgd_150e.py',
]
