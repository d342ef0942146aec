# ActivityNet v1.2: trained on the annotated actions, tested on whole videos, one
# snippet a second and ten crops.
_base_ = 'tsn_rgb.py'

select = dict(type='SelectTimeSpan')
every_second = dict(type='FixedRateSampleFrames', rate=1.0, clip_len=1)
segments = dict(_base_.segments, num_clips=7)
centres = dict(segments, test_mode=True)
test_pipeline = [_base_.open_video, every_second, *_base_.test_steps]

videos = dict(
    type='ActivityNetVideoDataset',
    data_root='data/activitynet',
    ann_file='activity_net.v1-2.min.json',
    data_prefix=dict(video='videos'),
    num_classes=100,
    # many videos are gone from where they were
    skip_missing=True,
)
train_dataloader = dict(
    dataset=dict(
        videos,
        subset='training',
        instances=True,
        pipeline=[_base_.open_video, select, segments, *_base_.train_steps],
    )
)
val_dataloader = dict(
    dataset=dict(
        videos,
        subset='validation',
        instances=True,
        test_mode=True,
        pipeline=[_base_.open_video, select, centres, *_base_.val_steps],
    )
)
test_dataloader = dict(
    dataset=dict(
        videos,
        subset='validation',
        test_mode=True,
        pipeline=test_pipeline,
    )
)
test_evaluator = dict(_delete_=True, type='VideoMeanAP')
