# Needs mmpretrain, timm and torchvision. MMPretrain's own InceptionV3 returns classes
# in place of maps, so timm's is taken through MMPretrain.
_base_ = 'tsn_imagenet-pretrained-bninception_8xb16-1x1x3-3500i_ucf101-rgb.py'

model = dict(
    backbone=dict(
        _delete_=True,
        type='mmpretrain.TIMMBackbone',
        model_name='inception_v3',
        pretrained=True,
    ),
    cls_head=dict(in_channels=2048),
    data_preprocessor=dict(mean=[127.5] * 3, std=[127.5] * 3, to_rgb=False),
)
