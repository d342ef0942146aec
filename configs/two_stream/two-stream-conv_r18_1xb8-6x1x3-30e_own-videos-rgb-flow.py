# Set the number of classes with
#   --cfg-options model.cls_head.num_classes=N model.temporal_head.num_classes=N
_base_ = [
    '../_base_/models/demo_two_stream_r18.py',
    '../_base_/datasets/own_videos_two_streams.py',
    '../_base_/schedules/sgd_30e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    stream_fusion=[dict(type='ConvFusion', stage='layer2', in_channels=128, keep=True)],
    temporal_head=_base_.head,
)
