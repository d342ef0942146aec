title = 'Modality, K = 3, average'
metric = 'acc/top1'
baseline = 'RGB'

cells = [
    dict(
        row=row,
        column='test top-1',
        config=f'../tsn/tsn_r18_1xb16-{snippet}x1x3-12e_tempo-demo-{modality}.py',
    )
    for row, snippet, modality in [
        ('RGB', 1, 'rgb'),
        ('RGB difference', 6, 'rgbdiff'),
        ('RGB and RGB difference', 6, 'rgb-rgbdiff'),
        ('optical flow (DIS)', 5, 'flow'),
    ]
]
