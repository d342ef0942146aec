"""The demo, through `mim` as a user runs it: train, validate, resume, test, compare."""

import json
import subprocess
import sys

import pytest
import torch

CONFIG = 'tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'
SMALL = [
    'model.backbone.base_channels=8',
    'model.neck.in_channels=(32,64)',
    'train_dataloader.batch_size=6',
    'default_hooks.checkpoint.save_best=None',
]
for split in ('train', 'val', 'test'):
    SMALL += [
        f'{split}_dataloader.dataset.num_videos.{key}={number}'
        for key, number in dict(train=12, val=12, test=12, untrimmed=0).items()
    ]
    SMALL += [
        f'{split}_dataloader.num_workers=0',
        f'{split}_dataloader.persistent_workers=False',
    ]

pytestmark = pytest.mark.integration


@pytest.fixture(scope='module')
def run(installed_env, tmp_path_factory):
    """Run a Python module in one new folder, with only the wheel installed."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    folder = tmp_path_factory.mktemp('user')

    def run_module(*arguments, ok=True):
        done = subprocess.run(
            [sys.executable, '-m', *arguments],
            cwd=folder,
            env=installed_env,
            capture_output=True,
            text=True,
            timeout=300,
        )
        printed = done.stdout + done.stderr
        assert (done.returncode == 0) == ok, printed[-3000:]
        return printed

    run_module.folder = folder
    return run_module


def test_train_resume_test_with_mim(run, installed_plugin):
    mim = ['mim', 'train', 'tpn_tsn_plugin', CONFIG, '--seed', '0', '--work-dir', 'w']
    options = ['--cfg-options', *SMALL]
    first = run(*mim, *options, 'train_cfg.max_epochs=1')
    assert 'Epoch(val) [1]' in first
    assert (run.folder / 'work_dirs/demo_data/tempo/manifest.json').exists()

    second = run(*mim, '--resume', *options, 'train_cfg.max_epochs=2')
    assert 'resumed epoch: 1' in second
    assert 'Epoch(train) [1]' not in second.replace('  ', ' ')
    assert 'Epoch(val) [2]' in second

    path = installed_plugin / 'tpn_tsn_plugin/.mim/configs/demo' / CONFIG
    checkpoint = str(run.folder / 'w/epoch_2.pth')
    test = ['mim', 'test', 'mmaction', str(path), '--checkpoint', checkpoint]
    assert 'acc/top1' in run(*test, *options)


class Foreign:
    """Stands in a checkpoint where no class belongs."""


def test_foreign_class_in_a_checkpoint_is_named(run, installed_plugin):
    path = installed_plugin / 'tpn_tsn_plugin/.mim/configs/demo' / CONFIG
    checkpoint = run.folder / 'foreign.pth'
    torch.save(dict(state_dict={}, meta=Foreign()), checkpoint)
    test = ['mim', 'test', 'mmaction', str(path), '--checkpoint', str(checkpoint)]
    printed = run(*test, '--cfg-options', *SMALL, ok=False)
    (line,) = [x for x in printed.splitlines() if 'UnsafeCheckpointError: ' in x]
    assert f'{Foreign.__module__}.Foreign' in line
    assert 'foreign.pth' in line


def test_demo_command_compares_and_goes_on(run):
    cli = ['tpn_tsn_plugin.cli.main', 'demo', 'demo']
    options = [x for key in SMALL for x in ('--cfg-options', key)]
    options += ['--cfg-options', 'train_cfg.max_epochs=1']
    wanted = ['--models', 'tpn-cascade', '--seeds', '0']
    printed = run(*cli, *wanted, *options)
    assert '| SlowOnly-R18 + TPN, cascade |' in printed
    result = json.loads(next((run.folder / 'demo').glob('*seed0.json')).read_text())
    assert result['epochs'] == 1
    assert 0 <= result['test']['acc/top1'] <= 1
    again = run(*cli, *wanted, *options)
    assert 'epoch' not in again
    assert printed.splitlines()[-8:] == again.splitlines()[-8:]
