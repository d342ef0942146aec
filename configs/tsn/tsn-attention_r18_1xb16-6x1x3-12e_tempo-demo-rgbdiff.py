_base_ = 'tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py'

model = dict(cls_head=dict(consensus=dict(type='AttentionConsensus', in_channels=256)))
# A weight of a segment gets the gradient of all its scores and runs away at the demo's
# learning rate of 0.1; it learns at the paper's 0.001.
optim_wrapper = dict(
    paramwise_cfg=dict(
        custom_keys={'cls_head.consensus': dict(lr_mult=0.01, decay_mult=0)}
    )
)
