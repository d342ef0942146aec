_base_ = 'tsn_imagenet-pretrained-bninception_8xb16-1x1x3-3500i_ucf101-rgb.py'

model = dict(cls_head=dict(consensus=dict(type='MaxConsensus')))
