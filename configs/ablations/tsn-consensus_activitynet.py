# Untrimmed videos: K = 7, tested by window integration.
title = 'Consensus, TSN-BN-Inception, ActivityNet v1.2, RGB'
metric = 'acc/mean_ap'
baseline = 'average'

cells = [
    dict(
        row=row,
        column='mAP',
        config=f'../tsn/{model}_imagenet-pretrained-bninception_8xb16-'
        '1x1x7-13500i_activitynet-v1-2-rgb.py',
    )
    for row, model in [
        ('average', 'tsn'),
        ('top-k, k = 3', 'tsn-topk'),
        ('attention', 'tsn-attention'),
    ]
]
