# EPIC-KITCHENS-100: actions of long videos, eight segments each, a verb and a noun.
_base_ = 'tsn_rgb.py'

segments = dict(_base_.segments, num_clips=8)
centres = dict(segments, test_mode=True)
select = dict(type='SelectTimeSpan')
test_pipeline = [
    _base_.open_video,
    select,
    dict(centres, num_clips=25),
    *_base_.test_steps,
]
actions = dict(
    type='EpicKitchensDataset',
    version=100,
    data_root='data/epic-kitchens',
    data_prefix=dict(video='videos'),
)
held_out = dict(actions, ann_file='EPIC_100_validation.csv', test_mode=True)
train_dataloader = dict(
    dataset=dict(
        actions,
        ann_file='EPIC_100_train.csv',
        pipeline=[_base_.open_video, select, segments, *_base_.train_steps],
    )
)
val_dataloader = dict(
    dataset=dict(
        held_out, pipeline=[_base_.open_video, select, centres, *_base_.val_steps]
    )
)
test_dataloader = dict(dataset=dict(held_out, pipeline=test_pipeline))
val_evaluator = dict(type='MultiTaskAccuracy')
test_evaluator = dict(type='MultiTaskAccuracy')
