# Optical flow of UCF101 as in the TSN paper (TPAMI 2018). Clipping as in the authors'
# code.
_base_ = 'tsn_3500i.py'

train_cfg = dict(max_iters=20000, val_interval=1000)
optim_wrapper = dict(optimizer=dict(lr=0.005), clip_grad=dict(max_norm=20))
param_scheduler = [
    dict(_base_.param_scheduler[0], end=20000, milestones=[12000, 18000])
]
default_hooks = dict(checkpoint=dict(interval=1000))
