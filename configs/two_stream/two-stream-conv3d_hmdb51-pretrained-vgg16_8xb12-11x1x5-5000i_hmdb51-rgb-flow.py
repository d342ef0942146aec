# Train the two streams first.
_base_ = (
    'two-stream-conv3d_ucf101-pretrained-vgg16_8xb12-11x1x5-5000i_ucf101-rgb-flow.py'
)

rgb = (
    'work_dirs/tsn_imagenet-pretrained-vgg16_8xb16-1x1x1-9000i_hmdb51-rgb/iter_9000.pth'
)
flow = (
    'work_dirs/tsn_imagenet-pretrained-vgg16_8xb16-10x1x1-119000i_hmdb51-flow/'
    'iter_119000.pth'
)
model = dict(
    spatial_backbone=dict(init_cfg=dict(checkpoint=rgb)),
    temporal_backbone=dict(init_cfg=dict(checkpoint=flow)),
    cls_head=dict(num_classes=51, init_cfg=dict(checkpoint=rgb)),
    temporal_head=dict(num_classes=51, init_cfg=dict(checkpoint=flow)),
)

frames = dict(data_root='data/hmdb51', num_classes=51)
held_out = dict(frames, ann_file='hmdb51_val_split_{{$SPLIT:1}}_rawframes.txt')
train_dataloader = dict(
    dataset=dict(frames, ann_file='hmdb51_train_split_{{$SPLIT:1}}_rawframes.txt')
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
