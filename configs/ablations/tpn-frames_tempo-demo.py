# The same span of every clip, by fewer or more frames.
title = 'Input frames T×τ, SlowOnly-R18, demo data'
metric = 'acc/top1'
baseline = 'without TPN'

models = [
    ('without TPN', 'slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'),
    ('with TPN', 'tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'),
]
frames = [(4, 8), (8, 4), (16, 2)]
loaders = ['train', 'val', 'test']
cells = [
    dict(
        row=row,
        column=f'{length}×{interval}',
        config=f'../demo/{config}',
        options=[
            *[
                f'{loader}_dataloader.dataset.pipeline.1.{option}'
                for loader in loaders
                for option in (f'clip_len={length}', f'frame_interval={interval}')
            ],
            *(
                [f'model.neck.temporal_rates=({length // 2},{length})']
                * (row[:5] == 'with ')
            ),
        ],
    )
    for row, config in models
    for length, interval in frames
]
