# Single RGB frames of UCF101 as in the TSN paper (TPAMI 2018): a tenth of the learning
# rate every 1,500 iterations, the end after 3,500. Weight decay, clipping and the
# rules for biases as in the authors' code.
_base_ = '../default_runtime.py'

train_cfg = dict(type='IterBasedTrainLoop', max_iters=3500, val_interval=500)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')

optim_wrapper = dict(
    optimizer=dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=5e-4),
    clip_grad=dict(max_norm=40, norm_type=2),
    # Biases learn twice as fast, without decay.
    paramwise_cfg=dict(bias_lr_mult=2, bias_decay_mult=0, norm_decay_mult=0),
)
param_scheduler = [
    dict(
        type='MultiStepLR',
        begin=0,
        end=3500,
        by_epoch=False,
        milestones=[1500, 3000],
        gamma=0.1,
    )
]
default_hooks = dict(
    checkpoint=dict(interval=500, by_epoch=False),
    # Validation is told by iteration; the default would call all of it epoch 0.
    logger=dict(log_metric_by_epoch=False),
)
log_processor = dict(by_epoch=False)
# 8 GPUs times 16 videos, the paper's batch.
auto_scale_lr = dict(enable=False, base_batch_size=128)
# All statistics but the first layer's stay as ImageNet left them.
custom_hooks = [dict(type='CheckClassesHook'), dict(type='PartialBNHook')]
