_base_ = 'demo_14e.py'

train_cfg = dict(max_epochs=16, val_interval=8)
param_scheduler = [
    _base_.param_scheduler[0],
    dict(_base_.param_scheduler[1], end=16),
]
