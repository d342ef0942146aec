_base_ = [
    '../_base_/models/demo_tsn_r18.py',
    '../_base_/datasets/tempo_demo_tsn_rgb.py',
    '../_base_/schedules/demo_tsn_12e.py',
    '../_base_/default_runtime.py',
]
