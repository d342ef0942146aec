# Kinetics-400 with the pipelines of TSN; eight segments for the TSN of the TPN paper.
_base_ = 'tsn_rgb.py'

dataset = dict(
    type='CheckedVideoDataset', data_root='data/kinetics400', num_classes=400
)
held_out = dict(
    dataset,
    ann_file='kinetics400_val_list_videos.txt',
    data_prefix=dict(video='videos_val'),
    test_mode=True,
)
train_dataloader = dict(
    dataset=dict(
        dataset,
        ann_file='kinetics400_train_list_videos.txt',
        data_prefix=dict(video='videos_train'),
    )
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
