# TPN paper, Table 6d.
title = 'Input frames'
metric = 'acc/top1'
paper = 'paper, Table 6d'
baseline = 'without TPN'

published = {
    ('r50', '8x8'): (74.9, 76.1),
    ('r50', '16x4'): (76.1, 77.3),
    ('r50', '32x2'): (75.7, 77.7),
    ('r101', '8x8'): (76.0, 77.2),
    ('r101', '16x4'): (77.0, 78.1),
    ('r101', '32x2'): (77.4, 78.9),
}
models = [('without TPN', 'slowonly'), ('with TPN', 'tpn-slowonly')]
cells = [
    dict(
        row=row,
        column=f'{backbone.upper()} {frames.replace("x", "×")}',
        config=f'../tpn/{name}_imagenet-pretrained-{backbone}_8xb8-{frames}x1-150e_'
        'kinetics400-rgb.py',
        published=figures[i],
    )
    for (backbone, frames), figures in published.items()
    for i, (row, name) in enumerate(models)
]
