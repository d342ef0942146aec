"""Trainings and tests on videos of which some are bad; a script for torchrun as well:
``bad_video_run.py FOLDER WORK_DIR`` trains and tests, and prints what came out.
"""

import json
import os
import sys
from pathlib import Path

from mmengine.config import Config
from mmengine.dist import collect_results, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner

import tpn_tsn_plugin  # noqa: F401

CLIP = [
    dict(type='SampleFrames', clip_len=2, frame_interval=3, num_clips=1),
    dict(type='DecordDecode'),
]
TO_INPUT = [
    dict(type='Resize', scale=(32, 32), keep_ratio=False),
    dict(type='FormatShape', input_format='NCTHW'),
    dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
]


class Seen(Hook):
    """Keeps what was trained with."""

    def __init__(self):
        self.names, self.sums = [], []

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.names += [Path(s.filename).stem for s in data_batch['data_samples']]
        self.sums += [int(clip.long().sum()) for clip in data_batch['inputs']]


def loader(folder, lists, *, workers=0, decode=CLIP, augment=(), kind='VideoDataset'):
    pipeline = [dict(type='DecordInit'), *decode, *augment, *TO_INPUT]
    parts = [
        dict(
            type=kind,
            ann_file=str(folder / file),
            data_prefix=dict(video=str(folder)),
            pipeline=pipeline,
        )
        for file in lists
    ]
    dataset = parts[0]
    if len(parts) > 1:
        inner = dict(type='ConcatDataset', datasets=parts)
        dataset = dict(type='RepeatDataset', times=2, dataset=inner)
    return dict(
        batch_size=4,
        num_workers=workers,
        sampler=dict(type='DefaultSampler', shuffle=True),
        dataset=dataset,
    )


def make_runner(
    folder, work_dir, *, train=('all.txt',), val=None, test=None, **options
):
    hook = dict(type='BadVideoHook', max_bad_fraction=0.5)
    hook |= options.pop('hook', {})
    config = dict(
        default_scope='mmaction',
        model=dict(
            type='Recognizer3D',
            backbone=dict(type='C2D', depth=18, pretrained=None, norm_eval=True),
            cls_head=dict(
                type='I3DHead', num_classes=3, in_channels=512, average_clips='prob'
            ),
            data_preprocessor=dict(
                type='ActionDataPreprocessor',
                mean=[100.0] * 3,
                std=[60.0] * 3,
                format_shape='NCTHW',
            ),
        ),
        randomness=dict(seed=0),
        custom_hooks=[hook],
        work_dir=str(work_dir),
        log_level='WARNING',
        launcher='pytorch' if 'LOCAL_RANK' in os.environ else 'none',
        experiment_name=str(work_dir).replace('/', '_'),
        default_hooks=dict(
            checkpoint=dict(type='CheckpointHook', interval=-1, save_last=False)
        ),
        train_dataloader=loader(folder, train, **options),
        train_cfg=dict(type='EpochBasedTrainLoop', max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.001)),
    )
    for name, file in (('val', val), ('test', test)):
        if file is not None:
            config[f'{name}_dataloader'] = loader(folder, [file])
            config[f'{name}_cfg'] = dict(type=f'{name.capitalize()}Loop')
            config[f'{name}_evaluator'] = dict(type='AccMetric')
    return Runner.from_cfg(Config(config))


if __name__ == '__main__':
    folder, work_dir = map(Path, sys.argv[1:])
    seen = Seen()
    trainer = make_runner(folder, work_dir / 'train', workers=1)
    trainer.register_hook(seen)
    trainer.train()
    tester = make_runner(
        folder, work_dir / 'test', test='all.txt', hook=dict(testing='skip')
    )
    # The weights of all runs are those of the seed.
    metrics = tester.test()
    names = collect_results([seen.names], 2)
    if get_rank() == 0:
        print(json.dumps(dict(metrics=metrics, names=names)))
