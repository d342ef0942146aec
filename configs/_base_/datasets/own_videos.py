# Your own videos: a folder and a list with lines `path label`. Give both by
#   --cfg-options train_dataloader.dataset.data_prefix.video=FOLDER
#                 train_dataloader.dataset.ann_file=LIST
# and the same for val_dataloader and test_dataloader.
_base_ = 'loaders.py'

folder = 'data/own_videos'
clip = dict(type='SampleFrames', clip_len=8, frame_interval=8, num_clips=1)
open_video = dict(type='DecordInitInPlace')
decode = [dict(type='DecordDecodeOnce'), dict(type='Resize', scale=(-1, 128))]
random_crop = [
    dict(type='RandomResizedCrop', area_range=(0.5, 1.0)),
    dict(type='Resize', scale=(112, 112), keep_ratio=False),
    dict(type='Flip', flip_ratio=0.5),
]
pack = [
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
test_pipeline = [
    open_video,
    dict(clip, num_clips=4, test_mode=True),
    *decode,
    dict(type='ThreeCrop', crop_size=128),
    *pack,
]
videos = dict(type='CheckedVideoDataset', data_prefix=dict(video=folder))
held_out = dict(videos, ann_file=f'{folder}/val.txt', test_mode=True)

train_dataloader = dict(
    num_workers=2,
    dataset=dict(
        videos,
        ann_file=f'{folder}/train.txt',
        pipeline=[open_video, clip, *decode, *random_crop, *pack],
    ),
)
val_dataloader = dict(
    num_workers=2,
    dataset=dict(
        held_out,
        pipeline=[
            open_video,
            dict(clip, test_mode=True),
            *decode,
            dict(type='CenterCrop', crop_size=112),
            *pack,
        ],
    ),
)
test_dataloader = dict(num_workers=2, dataset=dict(held_out, pipeline=test_pipeline))
