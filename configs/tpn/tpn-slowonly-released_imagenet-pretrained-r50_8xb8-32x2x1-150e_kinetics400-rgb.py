_base_ = [
    '../_base_/models/tpn_slowonly_r50.py',
    '../_base_/datasets/kinetics400_32x2_released.py',
    '../_base_/schedules/sgd_150e_released.py',
]

model = dict(neck=dict(temporal_rates=(32, 32), information_flow='cascade'))
