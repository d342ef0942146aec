_base_ = [
    '../_base_/models/tpn_slowonly_r101.py',
    '../_base_/datasets/kinetics400_8x8_released.py',
    '../_base_/schedules/sgd_150e_released.py',
]

model = dict(neck=dict(information_flow='cascade'))
