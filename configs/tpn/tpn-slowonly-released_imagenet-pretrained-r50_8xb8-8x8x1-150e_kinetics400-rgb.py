_base_ = [
    '../_base_/models/tpn_slowonly_r50.py',
    '../_base_/datasets/kinetics400_8x8_released.py',
    '../_base_/schedules/sgd_150e_released.py',
]

model = dict(neck=dict(temporal_rates=(8, 8), information_flow='cascade'))
