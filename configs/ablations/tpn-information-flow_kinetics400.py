# TPN paper, Table 6c: res4 and res5, rates 4 and 8.
title = 'Information flow, TPN-SlowOnly-R50 8×8'
metric = 'acc/top1'
paper = 'paper, Table 6c'
baseline = 'isolation'

pyramid = (
    '../tpn/tpn-slowonly_imagenet-pretrained-r50_8xb8-8x8x1-150e_kinetics400-rgb.py'
)
flows = dict(isolation=75.4, bottom_up=75.8, top_down=75.7, cascade=75.9, parallel=76.1)
cells = [
    dict(
        row=flow.replace('_', '-'),
        column='top-1',
        config=pyramid,
        published=published,
        options=[f'model.neck.information_flow={flow}'],
    )
    for flow, published in flows.items()
]
