# RGB difference of UCF101: the 180 epochs of tsn-pytorch, in batches of 128.
_base_ = 'tsn_3500i.py'

train_cfg = dict(max_iters=13500, val_interval=750)
param_scheduler = [dict(_base_.param_scheduler[0], end=13500, milestones=[6000, 12000])]
default_hooks = dict(checkpoint=dict(interval=750))
