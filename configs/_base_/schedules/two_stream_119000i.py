# The temporal stream alone, as in the authors' code: learning rates 5e-4 (74,500
# iterations), 5e-5 (37,000) and 5e-6 (7,500).
_base_ = 'two_stream_9000i.py'

train_cfg = dict(max_iters=119000, val_interval=7000)
param_scheduler = [
    dict(_base_.param_scheduler[0], end=119000, milestones=[74500, 111500])
]
default_hooks = dict(checkpoint=dict(interval=7000))
