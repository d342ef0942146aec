# Crops of the official code and of MMAction2, and in testing two samples of eight
# segments.
_base_ = 'sthv2.py'

train_pipeline = [*_base_.load, *_base_.released_crop, _base_.flip, *_base_.pack_frames]
test_pipeline = [*_base_.load_twice, *_base_.three_crop, *_base_.pack_frames]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
