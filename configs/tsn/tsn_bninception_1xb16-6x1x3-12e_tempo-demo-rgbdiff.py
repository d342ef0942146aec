_base_ = 'tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py'

model = dict(
    backbone=dict(_delete_=True, type='BNInception', in_channels=15),
    cls_head=dict(in_channels=1024),
)
