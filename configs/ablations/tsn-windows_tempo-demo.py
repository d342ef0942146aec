title = 'Untrimmed videos, one snippet a second, by a model trained on trimmed clips'
metric = 'acc/mean_ap'
baseline = 'average over all snippets'

sources = dict(
    rgbdiff=dict(
        config='../tsn/tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py',
        metric='acc/top1',
    )
)
consensus = 'model.cls_head.test_consensus'
cells = [
    dict(
        row=row,
        column='mAP',
        config='../tsn/tsn-windows_r18_1xb16-6x1x3-12e_tempo-demo-untrimmed-rgbdiff.py',
        checkpoint='rgbdiff',
        options=options,
    )
    for row, options in [
        ('average over all snippets', [f'{consensus}.type=AvgConsensus']),
        ('window integration', []),
        (
            'window integration, top 3 windows',
            [f'{consensus}.window_top_k=3'],
        ),
        ('maximum over all snippets', [f'{consensus}.type=MaxConsensus']),
    ]
]
