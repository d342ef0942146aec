_base_ = [
    '../_base_/models/demo_slowonly_r18.py',
    '../_base_/datasets/tempo_demo.py',
    '../_base_/schedules/demo_14e.py',
    '../_base_/default_runtime.py',
]
