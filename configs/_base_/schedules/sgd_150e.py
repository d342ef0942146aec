# TPN paper, section 4, "Training". Where it is silent (Nesterov, clipping), as in the
# official code.
_base_ = '../default_runtime.py'

train_cfg = dict(type='EpochBasedTrainLoop', max_epochs=150, val_interval=5)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-4),
    clip_grad=dict(max_norm=40, norm_type=2),
)
param_scheduler = [
    dict(
        type='MultiStepLR',
        begin=0,
        end=150,
        by_epoch=True,
        milestones=[100, 125],
        gamma=0.1,
    )
]
# 8 GPUs times 8 videos.
auto_scale_lr = dict(enable=False, base_batch_size=64)
