# Something-Something V2 as videos; else as V1.
_base_ = ['crops.py', 'loaders.py']

segments = dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=8)
fixed = dict(segments, test_mode=True)
open_video = dict(type='DecordInit')
load = [open_video, segments, dict(type='DecordDecode')]
load_fixed = [open_video, fixed, dict(type='DecordDecode')]
load_twice = [open_video, dict(fixed, twice_sample=True), dict(type='DecordDecodeOnce')]
# In a mirror, left to right is right to left.
flip = dict(
    type='Flip',
    flip_ratio=0.5,
    flip_label_map={86: 87, 87: 86, 93: 94, 94: 93, 166: 167, 167: 166},
)
train_pipeline = [*load, *_base_.random_crop, flip, *_base_.pack_frames]
test_pipeline = [*load_fixed, *_base_.centre_crop, *_base_.pack_frames]

dataset = dict(
    type='CheckedVideoDataset',
    data_root='data/sthv2',
    data_prefix=dict(video='videos'),
    num_classes=174,
)
train_set = dict(
    ann_file='sthv2_train_list_videos.txt', pipeline=train_pipeline, **dataset
)
val_set = dict(
    ann_file='sthv2_val_list_videos.txt',
    pipeline=test_pipeline,
    test_mode=True,
    **dataset,
)
train_dataloader = dict(dataset=train_set)
val_dataloader = dict(dataset=val_set)
test_dataloader = dict(dataset=val_set)
