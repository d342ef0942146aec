# The parts of pipelines between decoding and the model. Crops as in the TPN paper,
# section 4, "Training" and "Inference"; names follow the paper.
random_crop = [
    dict(type='RandomRescale', scale_range=(256, 320)),
    dict(type='RandomCrop', size=224),
]
centre_crop = [
    dict(type='Resize', scale=(-1, 256)),
    dict(type='CenterCrop', crop_size=224),
]
three_crop = [
    dict(type='Resize', scale=(-1, 256)),
    dict(type='ThreeCrop', crop_size=256),
]
ten_crop = [
    dict(type='Resize', scale=(-1, 256)),
    dict(type='TenCrop', crop_size=224),
]
# Training in the official code and in MMAction2.
released_crop = [
    dict(type='RandomResizedCrop'),
    dict(type='Resize', scale=(224, 224), keep_ratio=False),
    dict(type='ColorJitter'),
]

# Single frames for 2D backbones, clips for 3D ones.
pack_frames = [
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs'),
]
pack_clips = [
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs'),
]
