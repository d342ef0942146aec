# TPN paper, Table 6b: auxiliary head, spatial semantic modulation, temporal rate
# modulation and information flow, added one after another, then all but one of them.
# The paper has two such rows (75.9 and 75.6); which they are is not read for certain.
title = 'Components, TPN-SlowOnly-R50 8×8'
metric = 'acc/top1'
paper = 'paper, Table 6b'
baseline = 'none'
parameters = True

none = '../tpn/slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
pyramid = (
    '../tpn/tpn-slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
)
no_head = 'model.neck.aux_head=None'
no_spatial = 'model.neck.spatial_modulation=False'
no_temporal = 'model.neck.temporal_modulation=False'
isolated = 'model.neck.information_flow=isolation'
components = [
    ('head', [no_spatial, no_temporal, isolated], 74.6),
    ('head, spatial', [no_temporal, isolated], 75.2),
    ('head, spatial, temporal', [isolated], 75.4),
    ('head, spatial, temporal, information flow', [], 76.1),
    ('all but head', [no_head], None),
    ('all but spatial', [no_spatial], None),
    ('all but temporal', [no_temporal], None),
]
cells = [
    dict(row='none', column='top-1', config=none, published=74.9),
    *[
        dict(row=row, column='top-1', config=pyramid, published=figure, options=options)
        for row, options, figure in components
    ],
]
