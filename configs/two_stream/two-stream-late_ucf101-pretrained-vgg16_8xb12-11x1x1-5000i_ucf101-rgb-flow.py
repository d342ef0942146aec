# One snippet, as in the comparison of fusions in the paper (section 4.2, Table 1, there
# with VGG-M).
_base_ = (
    'two-stream-conv3d_ucf101-pretrained-vgg16_8xb12-11x1x5-5000i_ucf101-rgb-flow.py'
)

pool5 = dict(
    _delete_=True,
    type='TemporalPool3d',
    kernel_size=(1, 2, 2),
    stride=(1, 2, 2),
    padding=0,
)
model = dict(stream_fusion=[], temporal_pooling=pool5, temporal_head_pooling=pool5)

snippet = dict(_base_.snippets, num_clips=1)
testing = dict(snippet, test_mode=True)
views = dict(testing, num_views=10)
train_dataloader = dict(
    dataset=dict(pipeline=[*_base_.before, snippet, *_base_.train_steps])
)
val_dataloader = dict(
    dataset=dict(pipeline=[*_base_.before, testing, *_base_.val_steps])
)
test_pipeline = [*_base_.before, views, *_base_.val_steps]
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
