# Large data sets: MMAction2's 100 epochs, its learning rate for a batch of 128.
_base_ = 'sgd_150e.py'

train_cfg = dict(max_epochs=100)
optim_wrapper = dict(
    optimizer=dict(_delete_=True, type='SGD', lr=0.005, momentum=0.9, weight_decay=1e-4)
)
param_scheduler = [dict(_base_.param_scheduler[0], end=100, milestones=[40, 80])]
auto_scale_lr = dict(base_batch_size=128)
