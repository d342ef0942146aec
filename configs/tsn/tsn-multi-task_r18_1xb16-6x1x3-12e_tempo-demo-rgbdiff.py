# Motion and tempo as two labels, as EPIC-KITCHENS has verb and noun.
_base_ = 'tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py'

model = dict(
    cls_head=dict(
        _delete_=True,
        type='MultiTaskHead',
        tasks=dict(motion=4, tempo=3),
        head=dict(
            type='SegmentConsensusHead', in_channels=256, dropout_ratio=0.2, topk=1
        ),
    )
)
evaluator = dict(_delete_=True, type='MultiTaskAccuracy', topk=(1,))
train_dataloader = dict(dataset=dict(tasks=True))
val_dataloader = dict(dataset=dict(tasks=True))
test_dataloader = dict(dataset=dict(tasks=True))
val_evaluator = evaluator
test_evaluator = evaluator
default_hooks = dict(checkpoint=dict(save_best='acc/action_top1', rule='greater'))
