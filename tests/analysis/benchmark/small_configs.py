"""Configs of tiny recognisers, whose pipelines read 32x24 videos of ten frames."""

import copy

from mmengine.config import Config

from tpn_tsn_plugin.analysis.benchmark.made_video import MadeVideo

BACKBONE = dict(
    type='ResNet',
    depth=18,
    num_stages=1,
    strides=(1,),
    dilations=(1,),
    out_indices=(0,),
    pretrained='https://nowhere/resnet18.pth',
)
PACK = [dict(type='FormatShape', input_format='NCHW'), dict(type='PackActionInputs')]


def video(folder):
    return MadeVideo(folder, frames=10, fps=5, size=(32, 24))


def sample_frames(**options):
    return dict(type='SampleFrames', clip_len=1, **options)


def from_video(*sampling_and_crops):
    sampling, *crops = sampling_and_crops
    decode = dict(type='DecordDecode')
    return [dict(type='DecordInit'), sampling, decode, *crops, *PACK]


def split(pipeline, batch=2, **dataset):
    dataset = dict(type='VideoDataset', pipeline=pipeline, **dataset)
    return dict(batch_size=batch, dataset=dataset)


def tsn(**changes):
    """Trained with 3 segments of 16x16, tested with 2 segments and 3 crops of 24x24."""
    crop = dict(type='CenterCrop', crop_size=16)
    options = dict(
        default_scope='mmaction',
        model=dict(
            type='Recognizer2D',
            backbone=BACKBONE,
            cls_head=dict(
                type='TSNHead', num_classes=4, in_channels=64, average_clips='prob'
            ),
            data_preprocessor=dict(
                type='ActionDataPreprocessor', mean=[128] * 3, std=[64] * 3
            ),
        ),
        train_dataloader=split(from_video(sample_frames(num_clips=3), crop)),
        test_dataloader=split(
            from_video(
                sample_frames(num_clips=2, test_mode=True),
                dict(type='ThreeCrop', crop_size=24),
            ),
            batch=1,
        ),
        optim_wrapper=dict(
            optimizer=dict(type='SGD', lr=0.1, momentum=0.9),
            clip_grad=dict(max_norm=1),
        ),
    )
    config = Config(copy.deepcopy(options))
    # one that was read from a file has a name
    object.__setattr__(config, '_filename', 'tsn.py')
    config.merge_from_dict(changes)
    return config
