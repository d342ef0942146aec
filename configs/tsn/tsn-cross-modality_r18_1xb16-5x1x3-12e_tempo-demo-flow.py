# Train tsn_r18_1xb16-1x1x3-12e_tempo-demo-rgb.py first.
_base_ = 'tsn_r18_1xb16-5x1x3-12e_tempo-demo-flow.py'

rgb = 'work_dirs/tsn_r18_1xb16-1x1x3-12e_tempo-demo-rgb/epoch_12.pth'
custom_hooks = [
    dict(type='CheckClassesHook'),
    dict(type='CrossModalityInitHook', checkpoint=rgb),
]
