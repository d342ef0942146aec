_base_ = [
    '../_base_/models/tsm_r50.py',
    '../_base_/datasets/sthv2_released.py',
    '../_base_/schedules/sgd_150e_released.py',
]

model = dict(cls_head=dict(num_classes=174))
optim_wrapper = dict(optimizer=dict(weight_decay=5e-4), clip_grad=dict(max_norm=20))
