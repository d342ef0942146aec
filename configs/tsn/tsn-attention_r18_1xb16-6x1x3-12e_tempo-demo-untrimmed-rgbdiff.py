_base_ = 'tsn_r18_1xb16-6x1x3-12e_tempo-demo-untrimmed-rgbdiff.py'

model = dict(cls_head=dict(consensus=dict(type='AttentionConsensus', in_channels=256)))
