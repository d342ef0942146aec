title = 'How an optical flow network starts, K = 3, average'
metric = 'acc/top1'

sources = dict(rgb=dict(config='../tsn/tsn_r18_1xb16-1x1x3-12e_tempo-demo-rgb.py'))
flow = 'r18_1xb16-5x1x3-12e_tempo-demo-flow.py'
from_rgb = ['custom_hooks.1.checkpoint={rgb}']
cells = [
    dict(row='from scratch', column='test top-1', config=f'../tsn/tsn_{flow}'),
    dict(
        row='cross-modality initialisation',
        column='test top-1',
        config=f'../tsn/tsn-cross-modality_{flow}',
        options=from_rgb,
    ),
    dict(
        row='and partial BN',
        column='test top-1',
        config=f'../tsn/tsn-partial-bn_{flow}',
        options=from_rgb,
    ),
]
