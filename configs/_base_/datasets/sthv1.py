# Something-Something V1 as frames, eight segments; tested with one centre crop (TPN
# paper, Table 4).
_base_ = ['crops.py', 'loaders.py']

segments = dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=8)
fixed = dict(segments, test_mode=True)
load = [segments, dict(type='RawFrameDecode')]
load_fixed = [fixed, dict(type='RawFrameDecode')]
load_twice = [dict(fixed, twice_sample=True), dict(type='RawFrameDecode')]
# In a mirror, left to right is right to left.
flip = dict(
    type='Flip',
    flip_ratio=0.5,
    flip_label_map={2: 4, 4: 2, 30: 41, 41: 30, 52: 66, 66: 52},
)
train_pipeline = [*load, *_base_.random_crop, flip, *_base_.pack_frames]
test_pipeline = [*load_fixed, *_base_.centre_crop, *_base_.pack_frames]

dataset = dict(
    type='CheckedRawframeDataset',
    data_root='data/sthv1',
    data_prefix=dict(img='rawframes'),
    filename_tmpl='{:05}.jpg',
    num_classes=174,
)
train_set = dict(
    ann_file='sthv1_train_list_rawframes.txt', pipeline=train_pipeline, **dataset
)
val_set = dict(
    ann_file='sthv1_val_list_rawframes.txt',
    pipeline=test_pipeline,
    test_mode=True,
    **dataset,
)
train_dataloader = dict(dataset=train_set)
val_dataloader = dict(dataset=val_set)
test_dataloader = dict(dataset=val_set)
