_base_ = 'kinetics400_16x4.py'

train_pipeline = [_base_.open_video, _base_.clip, *_base_.released_train_transforms]
train_dataloader = dict(dataset=dict(pipeline=train_pipeline))
