"""Every two-stream demo config trains, validates and tests through the runner."""

import json
import math
import re
from functools import partial
from pathlib import Path

import pytest
import torch
from demo_runs import BATCH, DemoRuns, Recorder, run_mim, small
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader, Runner

from tpn_tsn_plugin.analysis.experiments.training_log import read_test
from tpn_tsn_plugin.registry import MODELS

ROOT = Path(__file__).resolve().parents[2]
PATHS = sorted(ROOT.glob('configs/two_stream/*correspondence-demo*.py'))
SIZES = dict(train=16, val=8, test=8)
SCENE = dict(num_frames=12)
CLASSES = 16

CONV = 'two-stream-conv_r18_1xb16-6x1x1-12e_correspondence-demo-rgb-flow'
LATE = 'two-stream-late_r18_1xb16-6x1x1-12e_correspondence-demo-rgb-flow'
RGB = 'tsn_r18_1xb16-1x1x1-12e_correspondence-demo-rgb'
FLOW = 'tsn_r18_1xb16-6x1x1-12e_correspondence-demo-flow'

pytestmark = pytest.mark.integration


@pytest.fixture(scope='module')
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp('two_stream')
    return DemoRuns(folder, keep=(RGB, FLOW), sizes=SIZES, scene=SCENE)


def path_of(stem):
    return ROOT / f'configs/two_stream/{stem}.py'


def test_all_demo_configs_are_found():
    assert {CONV, LATE, RGB, FLOW} <= {path.stem for path in PATHS}
    assert len(PATHS) == 11


@pytest.mark.parametrize('stem', [path.stem for path in PATHS])
def test_trains_validates_and_tests(stem, runs):
    run = runs.run(path_of(stem))
    seen = run.seen
    assert len(seen.losses) == SIZES['train'] / BATCH
    assert all(math.isfinite(loss) and loss > 0 for loss in seen.losses)
    learned = {name for name in seen.started if name.endswith(('weight', 'bias'))}
    assert learned <= seen.changed
    assert seen.validation['acc/top1'] == run.best_score
    assert len(seen.tested) == SIZES['test']
    assert all(sample.video_id.startswith('videos/test/') for sample in seen.tested)
    right = torch.stack([x.pred_label == x.gt_label for x in seen.tested]).float()
    assert run.metrics['acc/top1'] == pytest.approx(right.mean().item())
    for sample in seen.tested:
        torch.testing.assert_close(sample.pred_score.sum(), torch.tensor(1.0))


def short(tmp_path, runs, stem, **options):
    """A config in small, with a work dir of its own."""
    config = Config.fromfile(path_of(stem))
    config.merge_from_dict({**small(runs.data_root, SIZES, SCENE), **options})
    config.work_dir = str(tmp_path / 'work')
    config.experiment_name = f'{stem}-{tmp_path.name}'
    return config


def test_gradients_may_be_accumulated(runs, tmp_path):
    config = short(tmp_path, runs, CONV, **{'optim_wrapper.accumulative_counts': BATCH})
    runner = Runner.from_cfg(config)
    recorder = Recorder()
    runner.register_hook(recorder)
    runner.train()
    assert len(recorder.losses) == SIZES['train'] / BATCH
    assert runner.optim_wrapper.should_update()
    assert 'stream_fusion.0.weight' in recorder.changed


def test_resuming_goes_on_with_both_streams(runs, tmp_path):
    config = short(tmp_path, runs, LATE)
    Runner.from_cfg(config).train()
    config.train_cfg.max_epochs = 2
    config.resume = True
    config.experiment_name += '-resumed'
    runner = Runner.from_cfg(config)
    runner.train()
    assert runner.epoch == 2
    assert (tmp_path / 'work' / 'epoch_2.pth').is_file()


def test_streams_start_from_single_stream_checkpoints(runs):
    """By prefix, head and all; late fusion then averages the two models."""
    init_default_scope('mmaction')
    for stem in (RGB, FLOW):
        runs.run(path_of(stem))
    files = {s: str(runs.folder / s / 'epoch_1.pth') for s in (RGB, FLOW)}
    config = Config.fromfile(path_of(LATE)).model
    for part, stem, prefix in (
        ('spatial_backbone', RGB, 'backbone.'),
        ('temporal_backbone', FLOW, 'backbone.'),
        ('cls_head', RGB, 'cls_head.'),
        ('temporal_head', FLOW, 'cls_head.'),
    ):
        config[part].init_cfg = dict(
            type='Pretrained', checkpoint=files[stem], prefix=prefix
        )
    model = MODELS.build(config)
    model.init_weights()
    for part, stem, prefix in (
        ('spatial_backbone', RGB, 'backbone.'),
        ('temporal_head', FLOW, 'cls_head.'),
    ):
        state = CheckpointLoader.load_checkpoint(files[stem])['state_dict']
        for name, value in model.get_submodule(part).state_dict().items():
            assert torch.equal(value, state[prefix + name]), (part, name)


def test_cross_modality_starts_the_temporal_stream(runs, tmp_path):
    runs.run(path_of(RGB))
    checkpoint = str(runs.folder / RGB / 'epoch_1.pth')
    config = short(tmp_path, runs, CONV)
    config.custom_hooks.append(
        dict(
            type='CrossModalityInitHook',
            checkpoint=checkpoint,
            module='temporal_backbone',
        )
    )
    config.optim_wrapper.optimizer.lr = 0.0
    config.optim_wrapper.optimizer.weight_decay = 0.0
    runner = Runner.from_cfg(config)
    runner.train()
    source = CheckpointLoader.load_checkpoint(checkpoint)['state_dict']
    first = source['backbone.conv1.conv.weight']
    came = runner.model.temporal_backbone.conv1.conv.weight
    assert torch.equal(came, first.mean(dim=1, keepdim=True).expand(-1, 10, -1, -1))
    second = runner.model.temporal_backbone.layer2[0].conv1.conv.weight
    assert torch.equal(second, source['backbone.layer2.0.conv1.conv.weight'])


def test_train_and_test_with_mim(installed_plugin, installed_env, tmp_path):
    """One command, from a user's folder, from raw videos made on first use."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    config = installed_plugin / f'tpn_tsn_plugin/.mim/configs/two_stream/{CONV}.py'
    options = small(None, SIZES, SCENE)
    # two workers compute optical flow
    for key in ('num_workers', 'persistent_workers'):
        options.pop(f'train_dataloader.{key}')
    given = ['--cfg-options', *(f'{key}={value}' for key, value in options.items())]

    mim = partial(run_mim, config=config, cwd=tmp_path, env=installed_env)
    trained = mim('train', *given)
    assert re.search(r'Epoch\(train\) +\[1\]\[4/4\]', trained)
    manifest = tmp_path / 'work_dirs/demo_data/correspondence/manifest.json'
    parameters = json.loads(manifest.read_text())['parameters']
    assert {split: parameters[split] for split in SIZES} == SIZES
    work_dir = tmp_path / 'work_dirs' / CONV
    mim('test', '--checkpoint', str(work_dir / 'epoch_1.pth'), *given)
    assert 0 <= read_test(work_dir)['acc/top1'] <= 1
