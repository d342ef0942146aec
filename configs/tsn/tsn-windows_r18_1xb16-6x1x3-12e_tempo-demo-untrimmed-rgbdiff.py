# Trained on trimmed clips; tested on untrimmed videos, one snippet a second, by window
# integration.
_base_ = 'tsn_r18_1xb16-6x1x3-12e_tempo-demo-rgbdiff.py'

model = dict(
    cls_head=dict(
        test_consensus=dict(type='TemporalWindowConsensus'), keep_segment_scores=True
    )
)
every_second = dict(type='FixedRateSampleFrames', rate=1.0, clip_len=6)
test_pipeline = [*_base_.before, every_second, *_base_.test_steps]
test_dataloader = dict(
    # videos differ in length
    batch_size=1,
    dataset=dict(
        data_root='work_dirs/demo_data/untrimmed',
        num_videos=dict(train=0, val=0, test=0, untrimmed_train=480, untrimmed=120),
        split='untrimmed',
        pipeline=test_pipeline,
    ),
)
test_evaluator = dict(_delete_=True, type='VideoMeanAP')
