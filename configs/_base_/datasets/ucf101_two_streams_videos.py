# UCF101 as videos. Another split than the first: SPLIT=2 mim train mmaction ...
_base_ = 'two_stream_videos.py'

videos = dict(
    type='CheckedVideoDataset',
    data_root='data/ucf101',
    data_prefix=dict(video='videos'),
    num_classes=101,
)
held_out = dict(
    videos, ann_file='ucf101_val_split_{{$SPLIT:1}}_videos.txt', test_mode=True
)
train_dataloader = dict(
    dataset=dict(videos, ann_file='ucf101_train_split_{{$SPLIT:1}}_videos.txt')
)
val_dataloader = dict(dataset=held_out)
test_dataloader = dict(dataset=held_out)
