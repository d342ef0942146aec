"""Tiny models, their files and videos, for tests of prediction."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.config import Config

from tpn_tsn_plugin.analysis.trained_model import build_model
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video

CLASSES = ('clap', 'wave', 'jump')
PACK = [
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'num_clips', 'video_id')),
]
DECODE = dict(type='DecordDecode')
SEGMENTS = dict(type='SegmentSampleFrames', clip_len=1, num_clips=3, test_mode=True)
EVERY_SECOND = dict(type='FixedRateSampleFrames', rate=1.0, clip_len=1)
HEAD = dict(type='SegmentConsensusHead', num_classes=3, in_channels=64)
# What opens, samples, decodes and follows, of a pipeline that reads videos.
FROM_VIDEO = [dict(type='DecordInit'), SEGMENTS, DECODE, *PACK]


def backbone(channels: int = 3) -> dict[str, Any]:
    return dict(
        type='ResNet',
        depth=18,
        in_channels=channels,
        num_stages=1,
        strides=(1,),
        dilations=(1,),
        out_indices=(0,),
        pretrained=None,
    )


def make_config(
    test: list[dict[str, Any]] = FROM_VIDEO,
    val: list[dict[str, Any]] | None = None,
    *,
    channels: int = 3,
    head: dict[str, Any] = HEAD,
    dataset: dict[str, Any] | None = None,
    **model: Any,
) -> Config:
    """A config of a one-stage network; its files need not exist."""
    pixels = dict(mean=[127.5] * channels, std=[60.0] * channels)
    data = dataset or dict(type='CheckedVideoDataset', ann_file='list.txt')
    return Config(
        dict(
            default_scope='mmaction',
            custom_imports=dict(imports=['tpn_tsn_plugin'], allow_failed_imports=False),
            model={
                'type': 'Recognizer2D',
                'backbone': backbone(channels),
                'cls_head': head,
                'data_preprocessor': dict(
                    type='ActionDataPreprocessor', format_shape='NCHW', **pixels
                ),
                **model,
            },
            test_dataloader=dict(dataset=dict(data, pipeline=test)),
            val_dataloader=dict(dataset=dict(data, pipeline=val or test)),
        )
    )


def save_model(config: Config, folder: Path) -> tuple[Path, Path]:
    """Write a config, and a checkpoint whose classifier prefers by colour."""
    torch.manual_seed(0)
    model = build_model(config)
    for name, weight in model.named_parameters():
        if 'fc_cls' in name:
            torch.nn.init.normal_(weight, std=0.5)
    config_file, checkpoint = folder / 'tiny.py', folder / 'tiny.pth'
    config.dump(config_file)
    torch.save(dict(state_dict=model.state_dict(), meta={}), checkpoint)
    return config_file, checkpoint


def make_clip(path: Path, seconds: float = 3, fps: int = 8, size: int = 32) -> Path:
    """A square that goes to the right and changes its colour every second."""
    frames = np.full((round(seconds * fps), size, size, 3), 60, np.uint8)
    for number, frame in enumerate(frames):
        left = number % (size - 8)
        colour = np.roll((220, 90, 30), number // fps)
        frame[8:24, left : left + 8] = colour
    write_video(path, frames, fps)
    return path
