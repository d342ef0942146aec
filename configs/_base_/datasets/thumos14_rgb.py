# THUMOS14: trained on UCF101, whose classes it has, and on the annotated actions of the
# validation subset; tested on the whole videos of the test subset, one snippet a second
# and ten crops.
_base_ = 'tsn_rgb.py'

segments = dict(_base_.segments, num_clips=7)
every_second = dict(type='FixedRateSampleFrames', rate=1.0, clip_len=1)
test_pipeline = [_base_.open_video, every_second, *_base_.test_steps]

ucf101 = dict(
    type='CheckedVideoDataset',
    data_root='data/ucf101',
    data_prefix=dict(video='videos'),
    num_classes=101,
)
untrimmed = dict(type='Thumos14Dataset', data_root='data/thumos14', skip_missing=True)
actions = dict(
    untrimmed,
    ann_file='validation_set.mat',
    subset='validation',
    instances=True,
    time_dir='annotations_val',
    data_prefix=dict(video='videos_val'),
    pipeline=[
        _base_.open_video,
        dict(type='SelectTimeSpan'),
        segments,
        *_base_.train_steps,
    ],
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(
                ucf101,
                ann_file='ucf101_train_split_1_videos.txt',
                pipeline=[_base_.open_video, segments, *_base_.train_steps],
            ),
            actions,
        ],
    )
)
val_dataloader = dict(
    dataset=dict(
        ucf101,
        ann_file='ucf101_val_split_1_videos.txt',
        test_mode=True,
        pipeline=[
            _base_.open_video,
            dict(segments, test_mode=True),
            *_base_.val_steps,
        ],
    )
)
test_dataloader = dict(
    dataset=dict(
        untrimmed,
        ann_file='test_set_meta.mat',
        subset='test',
        data_prefix=dict(video='videos_test'),
        test_mode=True,
        pipeline=test_pipeline,
    )
)
test_evaluator = dict(_delete_=True, type='VideoMeanAP')
