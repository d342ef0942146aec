# Fused at ReLU5; of the temporal stream nothing is left after it.
_base_ = 'two-stream-late_ucf101-pretrained-vgg16_8xb12-11x1x1-5000i_ucf101-rgb-flow.py'

model = dict(
    stream_fusion=[dict(type='SumFusion', stage='relu5')],
    temporal_head=None,
    temporal_head_pooling=None,
)
