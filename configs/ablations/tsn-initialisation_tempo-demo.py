title = 'How an optical flow network starts, K = 3, average'
metric = 'acc/top1'
baseline = 'from scratch'

sources = dict(rgb=dict(config='../tsn/tsn_r18_1xb16-1x1x3-12e_tempo-demo-rgb.py'))
flow = 'r18_1xb16-5x1x3-12e_tempo-demo-flow.py'
from_rgb = ['custom_hooks.1.checkpoint={rgb}']
strategies = [
    ('from scratch', f'tsn_{flow}', []),
    ('cross-modality initialisation', f'tsn-cross-modality_{flow}', from_rgb),
    ('and partial BN', f'tsn-partial-bn_{flow}', from_rgb),
]
# The smaller one leaves more of what a network starts with.
learning_rates = [
    ('learning rate 0.1', []),
    ('learning rate 0.01', ['optim_wrapper.optimizer.lr=0.01']),
]
cells = [
    dict(
        row=strategy,
        column=learning_rate,
        config=f'../tsn/{config}',
        options=[*start, *options],
    )
    for strategy, config, start in strategies
    for learning_rate, options in learning_rates
]
