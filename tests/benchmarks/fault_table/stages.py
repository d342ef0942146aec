"""What the columns of the table do: a small model, its data, and five commands."""

import json
import os
from pathlib import Path
from typing import Any

import cv2  # noqa: F401  (before decord, which brings another libpng)
import torch
from broken_videos import write_good
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.runner import Runner, set_random_seed

from tpn_tsn_plugin.analysis.trained_model import build_model
from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.registry import HOOKS

GOOD = 9
FAULT = 'fault'
EPOCHS = 2
LISTS = dict(training='train', validation='val', testing='test')


@HOOKS.register_module()
class Mark(Hook):
    """Leaves a file where training, validation or testing is in its midst."""

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.epoch == EPOCHS - 1 and batch_idx == 1:
            Path(runner.work_dir, 'training').touch()

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.epoch == EPOCHS:
            Path(runner.work_dir, 'validation').touch()

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        Path(runner.work_dir, 'testing').touch()


def loader(place: Path, file: str, **options: Any) -> dict[str, Any]:
    """A data loader of a list of videos."""
    pipeline = [
        dict(type='DecordInit'),
        dict(type='SegmentSampleFrames', clip_len=1, num_clips=3),
        dict(type='DecordDecode'),
        dict(type='Resize', scale=(32, 32), keep_ratio=False),
        dict(type='Flip', flip_ratio=0.5),
        dict(type='FormatShape', input_format='NCHW'),
        dict(type='PackActionInputs', meta_keys=('img_shape', 'filename')),
    ]
    dataset = dict(
        type='CheckedVideoDataset',
        ann_file=str(place / file),
        data_prefix=dict(video=str(place / 'videos')),
        check_videos=False,
        pipeline=pipeline,
    )
    sampler = dict(type='DefaultSampler', shuffle=file == 'train.txt')
    return dict(
        batch_size=2, num_workers=1, sampler=sampler, dataset=dataset, **options
    )


def make_config(place: Path) -> Config:
    """Two epochs, a checkpoint and a validation after each."""
    return Config(
        dict(
            default_scope='mmaction',
            custom_imports=dict(imports=['tpn_tsn_plugin'], allow_failed_imports=False),
            model=dict(
                type='Recognizer2D',
                backbone=dict(
                    type='ResNet',
                    depth=18,
                    num_stages=2,
                    strides=(1, 2),
                    dilations=(1, 1),
                    out_indices=(1,),
                    pretrained=None,
                    norm_eval=True,
                ),
                cls_head=dict(
                    type='SegmentConsensusHead', num_classes=3, in_channels=128
                ),
                data_preprocessor=dict(
                    type='ActionDataPreprocessor',
                    mean=[127.5] * 3,
                    std=[60.0] * 3,
                    format_shape='NCHW',
                ),
            ),
            train_dataloader=loader(place, 'train.txt'),
            val_dataloader=loader(place, 'val.txt'),
            test_dataloader=loader(place, 'test.txt'),
            val_evaluator=dict(type='AccMetric'),
            test_evaluator=dict(type='AccMetric'),
            train_cfg=dict(type='ResumableEpochLoop', max_epochs=EPOCHS),
            val_cfg=dict(type='ValLoop'),
            test_cfg=dict(type='TestLoop'),
            optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.001)),
            default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=1)),
            custom_hooks=[
                dict(type='CheckClassesHook'),
                dict(type='CheckWeightsHook'),
                dict(type='BadVideoHook', max_bad_fraction=0.5),
                dict(type='FiniteLossHook'),
                dict(type='Mark'),
            ],
            randomness=dict(seed=0),
            work_dir=str(place / 'out'),
            log_level='WARNING',
        )
    )


def prepare(place: Path, options: dict[str, Any]) -> None:
    """Good videos, their lists, the config and a checkpoint."""
    (place / 'videos').mkdir(parents=True)
    for number in range(GOOD):
        write_good(place / 'videos' / f'good{number}.mp4')
    write_lists(place, with_fault=())
    config = make_config(place)
    config.dump(place / 'config.py')
    set_random_seed(0)
    weights = build_model(config).state_dict()
    torch.save(dict(state_dict=weights, meta={}), place / 'model.pth')


def write_lists(place: Path, with_fault: tuple[str, ...], line: str = '') -> None:
    """The lists of all splits; the faulty line is in those that are named."""
    lines = [f'good{number}.mp4 {number % 3}' for number in range(GOOD)]
    for split in LISTS.values():
        more = [line or f'{FAULT}.mp4 1'] if split in with_fault else []
        text = '\n'.join([*lines[:5], *more, *lines[5:]])
        (place / f'{split}.txt').write_text(text + '\n')


def runner_of(place: Path, options: dict[str, Any]) -> Runner:
    """The runner of a place's config, as MMAction2's tools make it."""
    config = Config.fromfile(place / 'config.py')
    config.merge_from_dict(dict(options))
    return Runner.from_cfg(config)


def training(place: Path, options: dict[str, Any]) -> None:
    without = dict.fromkeys(('val_dataloader', 'val_cfg', 'val_evaluator'))
    runner_of(place, without | options).train()


def validation(place: Path, options: dict[str, Any]) -> None:
    runner_of(place, options).train()


def testing(place: Path, options: dict[str, Any]) -> None:
    metrics = runner_of(place, {'load_from': str(place / 'model.pth')} | options).test()
    (place / 'metrics.json').write_text(json.dumps(metrics))


def extraction(place: Path, options: dict[str, Any]) -> None:
    source = options.get('source', place / 'test.txt')
    words = ['extract-flow', source, place / 'out', '--root', place / 'videos']
    run_command([*words, '--algorithm', 'dis', '--workers', 1])


def prediction(place: Path, options: dict[str, Any]) -> None:
    videos = [line.split()[0] for line in (place / 'test.txt').open()]
    words = ['predict', place / 'config.py', options.get('load_from', 'model.pth')]
    words += [place / 'videos' / name for name in videos]
    run_command([*words, '--json', place / 'out' / 'scores.json'])


def run_command(words: list[Any]) -> None:
    """Run a command of ``tpn-tsn``."""
    cli([str(word) for word in words], prog_name='tpn-tsn')


def start(stage: str, place: Path, options: dict[str, Any]) -> None:
    """Run a stage in this process, which nothing else happens in."""
    os.setsid()
    place.mkdir(parents=True, exist_ok=True)
    log = os.open(place / 'log.txt', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(place)
    torch.set_num_threads(1)
    globals()[stage](place, options)
