# Fusion of trained streams, in the steps of the authors' code: an epoch is ten rounds
# of UCF101 in batches of 96, about 1,000 iterations; learning rates 1e-3 (two epochs),
# 1e-4, 1e-5 and 1e-6. Biases learn twice as fast, without decay.
_base_ = 'tsn_3500i.py'

train_cfg = dict(max_iters=5000, val_interval=500)
param_scheduler = [
    dict(_base_.param_scheduler[0], end=5000, milestones=[2000, 3000, 4000])
]
auto_scale_lr = dict(base_batch_size=96)
custom_hooks = [dict(type='CheckClassesHook')]
