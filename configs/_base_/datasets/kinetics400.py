# Kinetics-400 as videos, in MMAction2's folder layout. What is sampled stands in
# kinetics400_{clip_len}x{frame_interval}.py and kinetics400_1x1x8.py.
_base_ = ['crops.py', 'loaders.py']

dataset = dict(
    type='CheckedVideoDataset', data_root='data/kinetics400', num_classes=400
)
train_set = dict(
    ann_file='kinetics400_train_list_videos.txt',
    data_prefix=dict(video='videos_train'),
    **dataset,
)
val_set = dict(
    ann_file='kinetics400_val_list_videos.txt',
    data_prefix=dict(video='videos_val'),
    test_mode=True,
    **dataset,
)
train_dataloader = dict(dataset=train_set)
val_dataloader = dict(dataset=val_set)
test_dataloader = dict(dataset=val_set)

open_video = dict(type='DecordInit')
decode = dict(type='DecordDecodeOnce')
flip = dict(type='Flip', flip_ratio=0.5)
