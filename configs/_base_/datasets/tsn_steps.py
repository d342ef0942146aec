# Steps of the TSN pipelines that hold for every data set. TSN paper (ECCV 2016),
# section 3.2, "Data Augmentation": corner crops, sides scaled by 1, 0.875, 0.75 or
# 0.66.
augment = [
    dict(type='Resize', scale=(340, 256), keep_ratio=False),
    dict(
        type='MultiScaleCrop',
        input_size=224,
        scales=(1, 0.875, 0.75, 0.66),
        random_crop=False,
        max_wh_scale_gap=1,
    ),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='OpticalFlowFlip', flip_ratio=0.5),
]
centre_crop = [
    dict(type='Resize', scale=(340, 256), keep_ratio=False),
    dict(type='CenterCrop', crop_size=224),
]
ten_crop = [
    dict(type='Resize', scale=(340, 256), keep_ratio=False),
    dict(type='OpticalFlowTenCrop', crop_size=224),
]
# With num_clips a consensus knows which frames are segments and which are crops.
pack = [
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'num_clips', 'video_id')),
]
