_base_ = 'tempo_demo_tsn_rgbdiff.py'

difference = dict(type='RGBDifference', keep_rgb=True)
train_steps = [_base_.decode, _base_.flip, difference, *_base_.pack]
test_steps = [_base_.decode, difference, *_base_.pack]

test_pipeline = [*_base_.before, dict(_base_.segments, test_mode=True), *test_steps]
testing = dict(pipeline=test_pipeline)
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.before, _base_.segments, *train_steps])
)
val_dataloader = dict(dataset=testing)
test_dataloader = dict(dataset=testing)
