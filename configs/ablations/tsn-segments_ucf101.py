# Segments that are trained with; all are tested with 25, as in the TSN papers.
title = 'Number of segments K, TSN-BN-Inception, UCF101, split 1, RGB'
metric = 'acc/top1'
baseline = 'K = 1'

cells = [
    dict(
        row=f'K = {k}',
        column='top-1',
        config='../tsn/tsn_imagenet-pretrained-bninception_8xb16-'
        f'1x1x{k}-3500i_ucf101-rgb.py',
    )
    for k in (1, 3, 5, 7, 9)
]
