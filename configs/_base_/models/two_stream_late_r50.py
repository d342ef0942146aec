# Two TSN streams without fusion: their scores before softmax are averaged, optical flow
# counting one and a half times, as the TSN paper does (section 4.1).
_base_ = 'two_stream_r50.py'

head = dict(
    type='SegmentConsensusHead',
    num_classes=101,
    in_channels=2048,
    consensus=dict(type='AvgConsensus'),
    dropout_ratio=0.8,
    init_std=0.001,
    average_clips='score',
)
model = dict(
    stream_fusion=[],
    temporal_pooling=None,
    temporal_head_pooling=None,
    cls_head=dict(_delete_=True, **head),
    temporal_head=dict(_delete_=True, **dict(head, dropout_ratio=0.7)),
    head_weights=(1, 1.5),
)
