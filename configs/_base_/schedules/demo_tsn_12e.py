_base_ = 'demo_14e.py'

train_cfg = dict(max_epochs=12, val_interval=6)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], end=12),
]
