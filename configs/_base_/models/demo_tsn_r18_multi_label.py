_base_ = 'demo_tsn_r18_rgbdiff.py'

model = dict(cls_head=dict(multi_class=True, loss_cls=dict(type='BCELossWithLogits')))
