_base_ = 'slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'

# As many parameters as the model with a pyramid has.
model = dict(backbone=dict(base_channels=34), cls_head=dict(in_channels=272))
