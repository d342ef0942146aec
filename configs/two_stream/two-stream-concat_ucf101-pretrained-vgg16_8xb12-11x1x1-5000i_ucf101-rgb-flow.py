# Fused at ReLU5; of the temporal stream nothing is left after it.
_base_ = 'two-stream-late_ucf101-pretrained-vgg16_8xb12-11x1x1-5000i_ucf101-rgb-flow.py'

# The first layer of the head, twice as wide, starts anew; the log says so.
model = dict(
    stream_fusion=[dict(type='ConcatFusion', stage='relu5')],
    temporal_head=None,
    temporal_head_pooling=None,
    cls_head=dict(in_channels=1024),
)
