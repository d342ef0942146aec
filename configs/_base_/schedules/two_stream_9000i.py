# The spatial stream alone, as in the authors' code but for its first iterations, which
# train the last layer only: batches of 128, an epoch of 745 iterations; learning rates
# 5e-4 (eight epochs), 5e-5 and 5e-6 (two each).
_base_ = 'two_stream_5000i.py'

train_cfg = dict(max_iters=9000)
optim_wrapper = dict(optimizer=dict(lr=0.0005))
param_scheduler = [dict(_base_.param_scheduler[0], end=9000, milestones=[6000, 7500])]
auto_scale_lr = dict(base_batch_size=128)
