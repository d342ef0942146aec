# The same with the TSN paper's backbone.
_base_ = 'two_stream_late_r50.py'

model = dict(
    spatial_backbone=dict(
        _delete_=True, type='BNInception', pretrained=_base_.imagenet_bninception
    ),
    temporal_backbone=dict(_delete_=True, type='BNInception', in_channels=10),
    cls_head=dict(in_channels=1024),
    temporal_head=dict(in_channels=1024),
    # The weights want BGR and no scaling.
    data_preprocessor=dict(
        preprocessors=dict(
            imgs=dict(mean=[104, 117, 128], std=[1, 1, 1], to_rgb=True),
            flow_imgs=dict(std=[1] * 10),
        )
    ),
)
initialisation = dict(checkpoint=_base_.imagenet_bninception)
first_convolution = {
    '_delete_': True,
    'temporal_backbone.conv1_7x7_s2.weight': dict(lr_mult=5),
    'temporal_backbone.conv1_7x7_s2.bias': dict(lr_mult=10, decay_mult=0),
}
