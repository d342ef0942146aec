_base_ = [
    '../_base_/models/demo_tsn_r18_multi_label.py',
    '../_base_/datasets/tempo_demo_untrimmed_rgbdiff.py',
    '../_base_/schedules/demo_tsn_12e.py',
    '../_base_/default_runtime.py',
]

default_hooks = dict(checkpoint=dict(save_best='acc/mean_ap', rule='greater'))
