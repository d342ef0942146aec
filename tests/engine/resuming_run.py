"""A small training with everything random in it, which can be killed at any step.

Run as a program, it trains in a process of its own:
``python resuming_run.py FOLDER '{"workers": 1, …}'``.
"""

import json
import os
import signal
import sys
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dist import get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

import tpn_tsn_plugin  # noqa: F401

VIDEOS, BATCH = 22, 4
# 5 whole batches and one of two videos
STEPS = -(-VIDEOS // BATCH)
EPOCHS = 3


class Kill(Hook):
    """Ends the process as kill -9 does, after a step."""

    priority = 'LOWEST'

    def __init__(self, step: int) -> None:
        self.step = step

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter + 1 == self.step:
            os.kill(os.getpid(), signal.SIGKILL)


class Seen(Hook):
    """Keeps the videos, the first pixels and the loss of each step."""

    def __init__(self) -> None:
        self.steps: dict[int, tuple] = {}

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        names = [sample.video_id for sample in data_batch['data_samples']]
        pixels = [int(clip.long().sum()) for clip in data_batch['inputs']]
        loss = outputs['loss'].item()
        self.steps[runner.iter] = (runner.epoch, batch_idx, names, pixels, loss)


def make_config(
    folder, *, work_dir='w', workers=0, endless=False, every=2, resume=True
):
    """A pyramid with dropout and an auxiliary head, augmented videos, partial BN."""
    pipeline = [
        dict(type='DecordInit'),
        dict(type='SampleFrames', clip_len=4, frame_interval=1, num_clips=1),
        dict(type='DecordDecode'),
        dict(type='RandomResizedCrop'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5),
        dict(type='ColorJitter'),
        dict(type='FormatShape', input_format='NCTHW'),
        dict(type='PackActionInputs', meta_keys=('img_shape', 'video_id')),
    ]
    length = dict(max_iters=EPOCHS * STEPS) if endless else dict(max_epochs=EPOCHS)
    kind = 'ResumableIterLoop' if endless else 'ResumableEpochLoop'
    return Config(
        dict(
            default_scope='mmaction',
            model=dict(
                type='Recognizer3D',
                backbone=dict(
                    type='ResNet3dSlowOnly',
                    depth=18,
                    pretrained=None,
                    base_channels=4,
                    lateral=False,
                    out_indices=(2, 3),
                    conv1_kernel=(1, 7, 7),
                    inflate=(0, 0, 1, 1),
                    norm_eval=False,
                ),
                neck=dict(
                    type='TemporalPyramidNeck',
                    in_channels=(16, 32),
                    out_channels=32,
                    temporal_rates=(2, 4),
                    aux_head=dict(num_classes=3),
                ),
                cls_head=dict(
                    type='TemporalPyramidHead',
                    num_classes=3,
                    in_channels=32,
                    dropout_ratio=0.5,
                ),
                data_preprocessor=dict(
                    type='ActionDataPreprocessor',
                    mean=[100.0] * 3,
                    std=[60.0] * 3,
                    format_shape='NCTHW',
                ),
            ),
            train_dataloader=dict(
                batch_size=BATCH,
                num_workers=workers,
                persistent_workers=workers > 0,
                sampler=dict(
                    type='InfiniteSampler' if endless else 'DefaultSampler',
                    shuffle=True,
                ),
                dataset=dict(
                    type='CheckedVideoDataset',
                    ann_file='list.txt',
                    data_root=str(folder),
                    data_prefix=dict(video=''),
                    pipeline=pipeline,
                ),
            ),
            train_cfg=dict(type=kind, **length),
            optim_wrapper=dict(
                optimizer=dict(type='SGD', lr=0.02, momentum=0.9),
                clip_grad=dict(max_norm=40),
            ),
            param_scheduler=[
                dict(type='LinearLR', start_factor=0.1, end=5, by_epoch=False),
                dict(type='MultiStepLR', milestones=[2 * STEPS], by_epoch=False),
            ],
            custom_hooks=[dict(type='PartialBNHook')],
            default_hooks=dict(
                checkpoint=dict(
                    type='CheckpointHook',
                    by_epoch=False,
                    interval=every,
                    max_keep_ckpts=1,
                ),
                logger=dict(type='LoggerHook', interval=1, ignore_last=False),
                sampler_seed=dict(type='DistSamplerSeedHook'),
                sync_buffers=dict(type='SyncBuffersHook'),
            ),
            randomness=dict(seed=3),
            work_dir=str(folder / work_dir),
            resume=resume,
            log_level='WARNING',
            launcher='pytorch' if 'LOCAL_RANK' in os.environ else 'none',
            experiment_name=work_dir,
        )
    )


def train(folder, kill=None, **options):
    """Train, resuming what is there; killed after a step, or to the end.

    Returns:
        What was seen, and the weights.
    """
    torch.set_num_threads(1)
    runner = Runner.from_cfg(make_config(folder, **options))
    seen = Seen()
    runner.register_hook(seen)
    if kill is not None:
        runner.register_hook(Kill(kill))
    runner.train()
    return seen.steps, runner.model.state_dict()


if __name__ == '__main__':
    steps, weights = train(Path(sys.argv[1]), **json.loads(sys.argv[2]))
    if get_rank() == 0:
        torch.save(weights, sys.argv[3])
        print(json.dumps(steps))
