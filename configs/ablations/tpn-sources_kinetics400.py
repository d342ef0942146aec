# TPN paper, Table 6a. The rates of the multi-depth pyramids are chosen so that their
# levels are as long as those of the single-depth one (section 4.2).
title = 'Sources of features, SlowOnly-R50 8×8'
metric = 'acc/top1'
paper = 'paper, Table 6a'
baseline = 'None'
parameters = True

none = '../tpn/slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
pyramid = (
    '../tpn/tpn-slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
)
# channels of res2 to res5
channels = (256, 512, 1024, 2048)
depths = [
    ('res{2,3,4,5}', (0, 1, 2, 3), (1, 2, 4, 8), 74.6),
    ('res{3,4,5}', (1, 2, 3), (2, 4, 8), 74.9),
    ('res{4,5}', (2, 3), (4, 8), 76.1),
]
cells = [
    dict(row='None', column='top-1', config=none, published=74.9),
    *[
        dict(
            row=row,
            column='top-1',
            config=pyramid,
            published=published,
            options=[
                f'model.backbone.out_indices={stages}',
                f'model.neck.in_channels={channels[stages[0] :]}',
                f'model.neck.temporal_rates={rates}',
            ],
        )
        for row, stages, rates, published in depths
    ],
    dict(
        row='res{5}, single depth',
        column='top-1',
        config=pyramid,
        published=75.7,
        options=[
            'model.backbone.out_indices=(3,)',
            f'model.neck.in_channels={channels[-1]}',
            'model.neck.temporal_rates=(1,2,4,8)',
            'model.neck.source=single_depth',
            'model.neck.aux_head=None',
        ],
    ),
]
