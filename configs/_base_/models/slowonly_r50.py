# The slow-only branch of SlowFast, "I3D-50" in the TPN paper (Table 1).
_base_ = 'imagenet_weights.py'

model = dict(
    type='Recognizer3D',
    backbone=dict(
        type='ResNet3dSlowOnly',
        depth=50,
        pretrained=_base_.imagenet_r50,
        lateral=False,
        conv1_kernel=(1, 7, 7),
        conv1_stride_t=1,
        pool1_stride_t=1,
        inflate=(0, 0, 1, 1),
        norm_eval=False,
    ),
    cls_head=dict(
        type='I3DHead',
        num_classes=400,
        in_channels=2048,
        spatial_type='avg',
        dropout_ratio=0.5,
        average_clips='prob',
    ),
    data_preprocessor=dict(
        type='ActionDataPreprocessor',
        mean=[123.675, 116.28, 103.53],
        std=[58.395, 57.12, 57.375],
        format_shape='NCTHW',
    ),
    # Ten of 30 views at a time. Recognizer3D then takes one video a batch, in
    # validation as well: the datasets of clips set val_dataloader.batch_size to 1.
    test_cfg=dict(max_testing_views=10),
)
