title = 'Consensus and number of segments, trimmed clips, RGB difference'
metric = 'acc/top1'
baseline = 'average'

data = 'r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py'
cells = [
    dict(
        row=row,
        column=f'K = {k}',
        config=f'../tsn/{model}_{data}',
        options=[
            *(
                f'{split}_dataloader.dataset.pipeline.1.num_clips={k}'
                for split in ('train', 'val', 'test')
            ),
            *(option.format(k=k, half=(k + 1) // 2) for option in options),
        ],
    )
    for row, model, options in [
        ('average', 'tsn', []),
        ('maximum', 'tsn-max', []),
        ('top-k, k = (K + 1) / 2', 'tsn-topk', ['model.cls_head.consensus.k={half}']),
        ('linear', 'tsn-linear', ['model.cls_head.consensus.num_segments={k}']),
        ('attention', 'tsn-attention', []),
    ]
    for k in (1, 3, 5, 7)
]
