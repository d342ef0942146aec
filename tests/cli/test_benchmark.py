"""`tpn-tsn benchmark`: what is shown, saved and refused."""

import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner

from tpn_tsn_plugin.cli.main import cli

CONFIG = """
pipeline = [
    dict(type='DecordInit'),
    dict(type='SampleFrames', clip_len=1, num_clips=2, test_mode=True),
    dict(type='DecordDecode'),
    dict(type='CenterCrop', crop_size=16),
    dict(type='FormatShape', input_format='NCHW'),
    dict(type='PackActionInputs'),
]
loader = dict(batch_size=1, dataset=dict(type='VideoDataset', pipeline=pipeline))
train_dataloader = test_dataloader = loader
optim_wrapper = dict(optimizer=dict(type='SGD', lr=0.1))
model = dict(
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=18, num_stages=1, strides=(1,), dilations=(1,),
                  out_indices=(0,)),
    data_preprocessor=dict(type='ActionDataPreprocessor'),
    cls_head=dict(type='TSNHead', num_classes=3, in_channels=64, average_clips='prob'))
"""
QUICK = ['--runs', '1', '--warmup', '1']


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('a.py').write_text(CONFIG)
    threads = torch.get_num_threads()
    yield lambda *words: CliRunner().invoke(cli, ['benchmark', *words])
    torch.set_num_threads(threads)


def test_tables_and_files(run):
    Path('b').mkdir()
    Path('b/a.py').write_text(CONFIG)
    words = ['a.py', 'b/a.py', *QUICK, '--batch', '2', '--threads', '1']
    result = run(*words, '--out', 'out/new')
    assert result.exit_code == 0, result.output
    text = Path('out/new/benchmark.md').read_text()
    assert text in result.stdout + '\n'
    # as much of the path as tells them apart
    assert '| `b/a` | 2×3×16×16 |' in text
    assert 'Testing, one view' in text
    content = json.loads(Path('out/new/benchmark.json').read_text())
    assert content['settings']['batch'] == 2
    assert content['machine']['threads'] == 1
    assert content['machine']['versions']['tpn_tsn_plugin']
    assert [config['config'] for config in content['configs']] == ['a.py', 'b/a.py']
    assert list(Path('out/new').glob('*.part')) == []
    # not lost without being asked
    again = run(*words, '--out', 'out/new')
    assert again.exit_code == 1
    assert again.stderr.startswith('Error: out/new/benchmark.json exists')
    assert json.loads(Path('out/new/benchmark.json').read_text()) == content


def test_no_config_is_overwritten(run):
    Path('a.json').write_text('{}')
    result = run('a.json', '--only', 'size', '--out', 'a.json', '--force')
    assert result.exit_code == 1
    assert result.stderr.startswith('Error: a.json is read; give another name')
    assert Path('a.json').read_text() == '{}'


def test_one_file_one_part_and_labels(run):
    options = ['--cfg-options', 'model.cls_head.num_classes=5', '--out', 'a.json']
    words = ['a.py', 'a.py', '--only', 'size', '--labels', 'left', 'right', *options]
    assert run(*words).exit_code == 0
    result = run(*words, '--force')
    assert result.exit_code == 0, result.output
    left, right = json.loads(Path('a.json').read_text())['configs']
    assert (left['name'], right['name']) == ('left', 'right')
    assert left['parameters'] == right['parameters']
    assert left['seconds'] == {}
    # stem and first stage of ResNet-18, classifier of 64 by 5
    assert left['parameters'] == 9408 + 128 + 2 * (2 * 36864 + 256) + 64 * 5 + 5


def test_config_of_mmaction2(run):
    name = (
        'recognition/tsn/tsn_imagenet-pretrained-r50_8xb32-1x1x3-100e_kinetics400-rgb'
    )
    missing = run(f'mmaction::{name}s.py')
    assert missing.exit_code == 2
    assert 'does not exist' in missing.stderr
    # published: 24.33 M
    result = run(
        *(f'mmaction::{name}.py', '--only', 'size'),
        *('--cfg-options', 'test_pipeline.1.num_clips=1'),
        'test_dataloader.dataset.pipeline.1.num_clips=1',
    )
    assert result.exit_code == 0, result.output
    assert '| 1×3×224×224 | 24.33 M | 4.11 G | 10 | 41.1 G |' in result.stdout


def test_failure_is_in_its_cell_and_the_exit_code(run):
    result = run(
        *('a.py', '--only', 'test', 'train', *QUICK),
        *('--cfg-options', 'optim_wrapper.optimizer.type=Nothing'),
    )
    assert result.exit_code == 1
    assert 'failed: TypeError' in result.stdout
    assert 'Testing, one view' in result.stdout
    assert 'Failed: a, train: TypeError' in result.stderr
    assert 'Failed: a, test' not in result.stderr


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('x = 1', 'a.py has no model; give the config'),
        ('x = (', 'a.py cannot be read as a config (SyntaxError'),
        (
            CONFIG.replace("type='ResNet'", "type='mmpretrain.ResNet'"),
            'the model of a.py needs what is not installed: ',
        ),
        (CONFIG.replace('SampleFrames', 'SampleAVAFrames'), 'a.py: the test pipeline'),
    ],
)
def test_bad_config_is_one_line(text, message, run):
    Path('a.py').write_text(text)
    result = run('a.py', *QUICK)
    assert result.exit_code == 1
    (line,) = [x for x in result.stderr.splitlines() if not x.startswith('The load')]
    assert line.startswith(f'Error: {message}')


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_config_that_cannot_be_built_is_left_out(run):
    Path('b.py').write_text(CONFIG.replace("type='ResNet'", "type='ResNot'"))
    result = run('b.py', 'a.py', '--only', 'size')
    assert result.exit_code == 1
    assert '| `a` | 2×3×16×16 |' in result.stdout
    assert '`b`' not in result.stdout
    assert result.stderr.startswith('b was left out: the model of b.py cannot be built')
    result = run('b.py', 'b.py', '--labels', 'x', 'y', '--only', 'size')
    assert result.exit_code == 1
    assert result.stderr.startswith('Error: no config can be measured: x: the model')


def test_no_gpu_is_one_line(run):
    result = run('a.py', '--device', 'cuda')
    assert result.exit_code == 1
    assert result.stderr.startswith('Error: torch ')
    assert 'finds no GPU; take --device cpu' in result.stderr


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        ([], "Missing argument 'CONFIG...'"),
        (['b.py'], 'config b.py does not exist'),
        (['nowhere::a.py'], 'nowhere of nowhere::a.py is no installed package'),
        (['a.py', '--batch', '0'], '0 is not in the range'),
        (['a.py', '--speed'], 'No such option'),
        (['a.py', '--only', 'speed'], "'speed' is not one of"),
        (
            ['a.py', '--labels', 'a', 'b'],
            'must be 1 different names, one a config, got 2',
        ),
        (['a.py', 'a.py', '--labels', 'a', 'a'], 'must be 2 different names'),
        (['a.py', 'a.py'], 'a config is given twice'),
        (['a.py', '--cfg-options', 'x'], "must be KEY=VALUE, got 'x'"),
    ],
)
def test_wrong_use(words, message, run):
    result = run(*words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_help_has_examples(run):
    result = run('--help')
    assert '    tpn-tsn benchmark configs/tpn/*.py --only size' in result.output
    assert 'the exit code is 1' in ' '.join(result.output.split())
