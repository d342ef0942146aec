# Two streams small enough for a laptop's CPU: two stages of ResNet-18 each. Their fused
# maps meet in a convolution before they are pooled.
stream = dict(
    type='ResNet',
    depth=18,
    num_stages=2,
    strides=(1, 2),
    dilations=(1, 1),
    out_indices=(1,),
    norm_eval=False,
)
head = dict(
    type='TwoStreamFusionHead',
    num_classes=16,
    in_channels=128,
    conv_channels=128,
    dropout_ratio=0.2,
)
rgb = dict(
    type='ActionDataPreprocessor',
    mean=[123.675, 116.28, 103.53],
    std=[58.395, 57.12, 57.375],
    format_shape='NCHW',
)
fields = dict(rgb, mean=[128] * 10, std=[15] * 10)
model = dict(
    type='TwoStreamRecognizer',
    spatial_backbone=stream,
    temporal_backbone=dict(stream, in_channels=10),
    cls_head=head,
    data_preprocessor=dict(
        type='MultiModalDataPreprocessor',
        preprocessors=dict(imgs=rgb, flow_imgs=fields),
    ),
)
