_base_ = [
    '../_base_/models/slowonly_r50.py',
    '../_base_/datasets/kinetics400_16x4.py',
    '../_base_/schedules/sgd_150e.py',
]
