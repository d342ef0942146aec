# The last architecture of the two-stream fusion paper (CVPR 2016, section 3.5) with the
# numbers of the authors' code: both streams end at ReLU5; their maps are stacked and go
# through one 3D convolution, which starts as a weighted sum of the two; five frames are
# pooled; fc6 to fc8 follow. The temporal stream has pooling and layers of its own.
fc_layers = dict(
    type='TwoStreamFusionHead',
    num_classes=101,
    in_channels=512,
    pool_size=7,
    hidden_channels=(4096, 4096),
    dropout_ratio=0.85,
)
pool = dict(type='TemporalPool3d', kernel_size=(5, 2, 2), stride=2, padding=0)
model = dict(
    type='TwoStreamRecognizer',
    spatial_backbone=dict(type='VGG', depth=16, before_pool=True),
    temporal_backbone=dict(type='VGG', depth=16, before_pool=True, in_channels=20),
    stream_fusion=[dict(type='ConcatFusion', stage='relu5', keep=True)],
    temporal_pooling=dict(
        pool,
        type='TemporalConvPool3d',
        channels=1024,
        stream_weights=(0.25, 0.75),
        sigma=1.0,
        rectify=True,
    ),
    temporal_head_pooling=pool,
    cls_head=fc_layers,
    temporal_head=fc_layers,
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(
            imgs=dict(
                type='ActionDataPreprocessor',
                mean=[123.675, 116.28, 103.53],
                std=[58.395, 57.12, 57.375],
                format_shape='NCHW',
            ),
            flow_imgs=dict(
                type='ActionDataPreprocessor',
                mean=[128] * 20,
                std=[57.63] * 20,
                format_shape='NCHW',
            ),
        ),
    ),
)
