"""A data set of eight tiny videos, a network for it, and saved predictions."""

import cv2
import numpy as np
import torch

from tpn_tsn_plugin.analysis.trained_model import build_model, read_config

CLASSES, FRAMES = 3, 12
LABELS = [0, 0, 0, 1, 1, 1, 2, 2]
CONFIG = """
custom_imports = dict(imports=['tpn_tsn_plugin'])
model = dict(
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=18, num_stages=1, strides=(1,), dilations=(1,),
                  out_indices=(0,), in_channels={channels}),
    cls_head=dict(type='SegmentConsensusHead', num_classes=3, in_channels=64,
                  consensus=dict(type='LinearConsensus', num_segments=3)),
    data_preprocessor=dict(type='ActionDataPreprocessor', mean=[0] * {channels},
                           std=[60] * {channels}, format_shape='NCHW'))
dataset = dict(
    type='CheckedVideoDataset', ann_file='list.txt', data_root={root!r},
    data_prefix=dict(video=''), test_mode=True,
    pipeline=[dict(type='DecordInit'),
              dict(type='SegmentSampleFrames', clip_len={length}, num_clips=3,
                   test_mode=True),
              dict(type='DecordDecode'), {steps}
              dict(type='FormatShape', input_format='NCHW'),
              dict(type='PackActionInputs',
                   meta_keys=('img_shape', 'num_clips', 'video_id'))])
val_dataloader = dict(batch_size=1, dataset=dataset)
test_dataloader = dict(batch_size=1, dataset=dataset)
test_evaluator = dict(type='AccMetric')
"""
DIFFERENCE = "dict(type='RGBDifference'),"


def write_videos(root):
    """Squares that move for a while, each in its own colour, and their list."""
    rng = np.random.default_rng(0)
    for index in range(len(LABELS)):
        path = root / f'v{index}.mp4'
        fourcc = cv2.VideoWriter.fourcc(*'mp4v')
        writer = cv2.VideoWriter(str(path), fourcc, 4 + 4 * (index % 2), (32, 32))
        colour = rng.integers(64, 255, 3).tolist()
        for frame in range(FRAMES):
            picture = np.zeros((32, 32, 3), np.uint8)
            x = 4 + 2 * int(np.clip(frame - 3, 0, 5 + index % 3))
            cv2.rectangle(picture, (x, 8), (x + 6, 20), colour, -1)
            writer.write(picture)
        writer.release()
    lines = [f'v{index}.mp4 {label}' for index, label in enumerate(LABELS)]
    (root / 'list.txt').write_text('\n'.join(lines) + '\n')


def make_data(root):
    """Videos, list, config (tsn3.py) and checkpoint (tsn3.pth)."""
    write_videos(root)
    write_config(root)
    return root


def write_config(root, *, length=3):
    """The config, of RGB differences (or single frames), and a checkpoint."""
    channels = 3 * max(1, length - 1)
    steps = DIFFERENCE if length > 1 else ''
    path = root / f'tsn{length}.py'
    path.write_text(
        CONFIG.format(root=str(root), channels=channels, length=length, steps=steps)
    )
    torch.manual_seed(0)
    model = build_model(read_config(path))
    model.init_weights()
    model.cls_head.fc_cls.weight.data.normal_(std=0.5)
    torch.save(dict(state_dict=model.state_dict()), root / f'tsn{length}.pth')
    return path, root / f'tsn{length}.pth'
