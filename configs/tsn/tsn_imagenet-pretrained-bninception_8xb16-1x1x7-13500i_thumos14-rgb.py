_base_ = [
    '../_base_/models/tsn_bninception.py',
    '../_base_/datasets/thumos14_rgb.py',
    '../_base_/schedules/tsn_13500i.py',
]

model = dict(
    type='SegmentRecognizer2D',
    cls_head=dict(
        test_consensus=dict(type='TemporalWindowConsensus'),
        view_pooling='max',
        keep_segment_scores=True,
    ),
    test_cfg=dict(max_testing_views=50),
)
