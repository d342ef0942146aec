# Each frame with the five differences after it.
_base_ = [
    '../_base_/models/demo_tsn_r18_rgb_rgbdiff.py',
    '../_base_/datasets/tempo_demo_tsn_rgb_rgbdiff.py',
    '../_base_/schedules/demo_tsn_12e.py',
    '../_base_/default_runtime.py',
]
