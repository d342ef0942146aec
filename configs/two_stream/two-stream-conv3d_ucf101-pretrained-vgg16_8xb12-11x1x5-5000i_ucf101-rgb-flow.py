# Train the two streams first.
_base_ = [
    '../_base_/models/two_stream_vgg16.py',
    '../_base_/datasets/ucf101_two_streams.py',
    '../_base_/schedules/two_stream_5000i.py',
]

rgb = (
    'work_dirs/tsn_imagenet-pretrained-vgg16_8xb16-1x1x1-9000i_ucf101-rgb/iter_9000.pth'
)
flow = (
    'work_dirs/tsn_imagenet-pretrained-vgg16_8xb16-10x1x1-119000i_ucf101-flow/'
    'iter_119000.pth'
)
trained = dict(type='Pretrained')
model = dict(
    spatial_backbone=dict(init_cfg=dict(trained, checkpoint=rgb, prefix='backbone.')),
    temporal_backbone=dict(init_cfg=dict(trained, checkpoint=flow, prefix='backbone.')),
    cls_head=dict(init_cfg=dict(trained, checkpoint=rgb, prefix='cls_head.')),
    temporal_head=dict(init_cfg=dict(trained, checkpoint=flow, prefix='cls_head.')),
)

snippets = dict(type='StridedSampleFrames', clip_len=11, num_clips=5, stride=(5, 15))
testing = dict(snippets, test_mode=True)
views = dict(testing, num_views=10)
test_pipeline = [*_base_.before, views, *_base_.val_steps]
train_dataloader = dict(
    batch_size=12,
    dataset=dict(pipeline=[*_base_.before, snippets, *_base_.train_steps]),
)
val_dataloader = dict(
    batch_size=12,
    dataset=dict(pipeline=[*_base_.before, testing, *_base_.val_steps]),
)
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
