_base_ = [
    '../_base_/models/tsn_bninception.py',
    '../_base_/datasets/activitynet_v1_2_rgb.py',
    '../_base_/schedules/tsn_13500i.py',
]

model = dict(
    type='SegmentRecognizer2D',
    cls_head=dict(
        num_classes=100,
        test_consensus=dict(type='TemporalWindowConsensus'),
        view_pooling='max',
        keep_segment_scores=True,
        # softmax last, as in the released code
        average_clips='prob',
    ),
    # an hour of ten crops does not fit a GPU at once
    test_cfg=dict(max_testing_views=50),
)
test_evaluator = dict(out_file='work_dirs/{{fileBasenameNoExtension}}.json')
