# Fused at ReLU5; of the temporal stream nothing is left after it.
_base_ = 'two-stream-late_ucf101-pretrained-vgg16_8xb12-11x1x1-5000i_ucf101-rgb-flow.py'

# As in the paper a linear SVM is all that follows.
model = dict(
    stream_fusion=[dict(type='BilinearFusion', stage='relu5')],
    temporal_pooling=None,
    temporal_head=None,
    temporal_head_pooling=None,
    cls_head=dict(
        _delete_=True,
        type='TwoStreamFusionHead',
        num_classes=101,
        in_channels=512 * 512,
        dropout_ratio=0,
        loss_cls=dict(type='HingeLoss'),
    ),
)
