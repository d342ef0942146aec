_base_ = [
    '../_base_/models/tsn_resnet50.py',
    '../_base_/datasets/epic100_rgb.py',
    '../_base_/schedules/tsn_100e.py',
]

model = dict(
    cls_head=dict(
        _delete_=True,
        type='MultiTaskHead',
        tasks=dict(verb=97, noun=300),
        head=dict(
            type='SegmentConsensusHead',
            in_channels=2048,
            dropout_ratio=0.5,
            init_std=0.001,
        ),
    )
)
default_hooks = dict(checkpoint=dict(save_best='acc/action_top1', rule='greater'))
