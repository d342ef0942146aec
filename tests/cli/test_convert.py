"""`tpn-tsn convert`: what is written, printed and refused."""

import hashlib
import json
import logging
import os
import sys
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from mmengine.logging import MMLogger
from mmengine.runner.checkpoint import load_checkpoint

from tpn_tsn_plugin import __version__
from tpn_tsn_plugin.analysis.trained_model import build_model, load_model, read_config
from tpn_tsn_plugin.cli import convert
from tpn_tsn_plugin.cli.main import cli

CLASSES = 3
MODEL = """
model = dict(
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=18, num_stages=1, strides=(1,), dilations=(1,),
                  out_indices=(0,), pretrained='https://nowhere/resnet18.pth'),
    cls_head=dict(type='SegmentConsensusHead', num_classes=3, in_channels=64))
"""


@pytest.fixture(scope='module')
def state(tmp_path_factory):
    """The config's model under tsn-pytorch's names."""
    path = tmp_path_factory.mktemp('model') / 'tsn.py'
    path.write_text(MODEL)
    torch.manual_seed(0)
    names = {}
    for name, value in build_model(read_config(path)).state_dict().items():
        name = name.replace('cls_head.fc_cls', 'new_fc')
        name = name.replace('backbone.', 'base_model.').replace(
            '.conv.weight', '.weight'
        )
        name = name.replace('conv1.bn', 'bn1').replace('conv2.bn', 'bn2')
        names[f'module.{name}'] = torch.randn(value.shape) if value.ndim else value
    return names


@pytest.fixture(autouse=True)
def _work_beside_files(state, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path('tsn.py').write_text(MODEL)
    save(state)


def save(state, name='old.pth.tar', **others):
    torch.save(dict(epoch=1, arch='resnet18', state_dict=state, **others), name)


def run(*arguments):
    return CliRunner().invoke(cli, ['convert', *map(str, arguments)])


def refusal(*arguments):
    """The one line that says why nothing was written."""
    before = sorted(os.listdir())
    result = run(*arguments)
    assert (result.exit_code, result.stdout) == (1, ''), result.output
    assert result.stderr.startswith('Error: ')
    assert result.stderr.count('\n') == 1
    assert sorted(os.listdir()) == before
    return result.stderr


def test_converted_checkpoint_loads_everywhere(state):
    result = run('old.pth.tar', 'tsn.py', 'new/tsn.pth')
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f'tsn-pytorch: {len(state)} of {len(state)} weights of the model mapped',
        'Wrote new/tsn.pth',
    ]
    assert os.listdir('new') == ['tsn.pth']
    model = load_model(read_config(Path('tsn.py')), Path('new/tsn.pth'))
    assert torch.equal(model.cls_head.fc_cls.bias, state['module.new_fc.bias'])
    first = state['module.base_model.conv1.weight']
    assert torch.equal(model.backbone.conv1.conv.weight, first)
    # as test tools and load_from do it
    written = load_checkpoint(model, 'new/tsn.pth', strict=True)
    assert written['meta'] == dict(
        source='old.pth.tar',
        source_sha256=hashlib.sha256(Path('old.pth.tar').read_bytes()).hexdigest(),
        source_format='tsn-pytorch',
        config='tsn.py',
        partial=False,
        tpn_tsn_plugin_version=__version__,
    )
    # a converted checkpoint is one of MMAction2's
    again = run('new/tsn.pth', 'tsn.py', 'again.pth')
    assert again.stdout.startswith('mmaction2: ')
    for name, value in torch.load('again.pth')['state_dict'].items():
        assert torch.equal(value, written['state_dict'][name])


def test_names_of_classes_are_kept(state):
    classes = dict(classes=['a', 'b', 'c'])
    save(state, meta=dict(dataset_meta=classes))
    assert run('old.pth.tar', 'tsn.py', 'new.pth').exit_code == 0
    assert torch.load('new.pth')['meta']['dataset_meta'] == classes


def other_classes(state):
    state['module.new_fc.weight'] = torch.zeros(5, 64)
    state['module.new_fc.bias'] = torch.zeros(5)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            other_classes,
            '2 weights of another shape (module.new_fc.weight (5, 64) for (3, 64), '
            'module.new_fc.bias (5,) for (3,))',
        ),
        (
            lambda s: s.pop('module.new_fc.bias'),
            '1 weight missing in it (cls_head.fc_cls.bias)',
        ),
        (
            lambda s: s.update({'module.consensus.weight': torch.zeros(3)}),
            '1 weight unknown to the model (consensus.weight)',
        ),
    ],
)
def test_partial_conversion(state, change, message):
    changed = dict(state)
    change(changed)
    save(changed)
    line = refusal('old.pth.tar', 'tsn.py', 'new.pth')
    assert 'old.pth.tar, read as tsn-pytorch, and the model of tsn.py differ: ' in line
    assert message.replace('(consensus', '(module.consensus') in line
    assert 'write what fits with --partial' in line
    result = run('old.pth.tar', 'tsn.py', 'new.pth', '--partial')
    assert result.exit_code == 0
    assert result.stdout.endswith('Wrote new.pth, a partial one\n')
    written = torch.load('new.pth')
    assert written['meta']['partial'] is True
    own = build_model(read_config(Path('tsn.py'))).state_dict()
    assert set(written['state_dict']) <= set(own)
    for name, value in written['state_dict'].items():
        assert value.shape == own[name].shape


def test_config_may_be_changed(state):
    changed = dict(state)
    other_classes(changed)
    save(changed)
    options = ('--cfg-options', 'model.cls_head.num_classes=5')
    assert run('old.pth.tar', 'tsn.py', 'new.pth', *options).exit_code == 0


@pytest.mark.parametrize('name', ['report.json', 'report.txt'])
def test_report_has_every_key(state, name):
    changed = {**state, 'module.more': torch.zeros(2)}
    del changed['module.new_fc.bias']
    del changed['module.base_model.bn1.num_batches_tracked']
    save(changed)
    result = run('old.pth.tar', 'tsn.py', 'new.pth', '--report', name)
    assert result.exit_code == 1
    assert not Path('new.pth').exists()
    text = Path(name).read_text()
    if name.endswith('json'):
        report = json.loads(text)
        assert {*report['mapped'], *report['unknown']} == set(changed)
        assert report['mapped']['module.new_fc.weight'] == 'cls_head.fc_cls.weight'
        assert report['missing'] == {'cls_head.fc_cls.bias': [3]}
        assert report['unknown'] == {'module.more': [2]}
        assert report['counters_from_0'] == ['backbone.conv1.bn.num_batches_tracked']
        assert report['complete'] is False
    else:
        lines = text.splitlines()
        assert 'Unknown to the model (1)' in lines
        assert '  module.new_fc.weight -> cls_head.fc_cls.weight' in lines
        assert '  cls_head.fc_cls.bias (3,)' in lines
        assert all(any(key in line for line in lines) for key in changed)
    refused = run('old.pth.tar', 'tsn.py', 'new.pth', '--report', name)
    assert f'{name} exists; give another name, or --force' in refused.stderr
    assert Path(name).read_text() == text


def test_nothing_is_overwritten_unasked():
    Path('new.pth').write_text('mine')
    line = refusal('old.pth.tar', 'tsn.py', 'new.pth')
    assert line == (
        'Error: new.pth exists; give another name, or --force to replace it\n'
    )
    assert Path('new.pth').read_text() == 'mine'
    assert run('old.pth.tar', 'tsn.py', 'new.pth', '--force').exit_code == 0
    load_model(read_config(Path('tsn.py')), Path('new.pth'))


@pytest.mark.parametrize('target', ['old.pth.tar', 'tsn.py'])
def test_what_is_read_is_never_written(target):
    before = Path(target).read_bytes()
    line = refusal('old.pth.tar', 'tsn.py', target, '--force')
    assert f'{target} is read; give another name to write to' in line
    line = refusal('old.pth.tar', 'tsn.py', 'a.pth', '--report', target, '--force')
    assert f'{target} is read' in line
    assert Path(target).read_bytes() == before


def test_report_and_checkpoint_are_two_files():
    line = refusal('old.pth.tar', 'tsn.py', 'new.pth', '--report', 'new.pth')
    assert 'new.pth would be written twice' in line


def test_nothing_but_the_result_is_said(monkeypatch):
    logger = MMLogger.get_current_instance()
    before, levels = logger.level, []
    read = convert.read_source

    def observed(path):
        levels.append(logger.level)
        return read(path)

    monkeypatch.setattr(convert, 'read_source', observed)
    assert run('old.pth.tar', 'tsn.py', 'new.pth').exit_code == 0
    assert levels == [logging.ERROR]
    assert logger.level == before


def test_failed_writing_leaves_the_old_file(monkeypatch):
    Path('new.pth').write_text('mine')

    def fail(content, path):
        Path(path).write_text('half')
        raise OSError(f'no space left for {path}')

    monkeypatch.setattr(torch, 'save', fail)
    line = refusal('old.pth.tar', 'tsn.py', 'new.pth', '--force')
    assert 'no space left' in line
    assert Path('new.pth').read_text() == 'mine'


class Hostile:
    def __reduce__(self):
        return sys.exit, (7,)


def write_hostile():
    torch.save(dict(state_dict={'a': Hostile()}), 'bad.pth')


@pytest.mark.parametrize(
    ('write', 'message'),
    [
        (lambda: Path('bad.pth').touch(), 'bad.pth cannot be loaded as a checkpoint'),
        (lambda: Path('bad.pth').write_text('a'), 'bad.pth cannot be loaded as'),
        (write_hostile, 'bad.pth is refused: it asks for sys.exit'),
        (lambda: torch.save(dict(epoch=1), 'bad.pth'), 'bad.pth holds no weights'),
        (lambda: torch.save([torch.ones(1)], 'bad.pth'), 'bad.pth holds no weights'),
        (
            lambda: save({'fc.\x1b[2J\n': torch.ones(1)}, 'bad.pth'),
            "bad.pth has a key that is no name of a weight, 'fc.\\x1b[2J\\n'",
        ),
        (
            lambda: save({f'encoder.{i}': torch.ones(1) for i in range(9)}, 'bad.pth'),
            'the format of bad.pth is not known: its first keys are encoder.0, '
            'encoder.1, encoder.2, known are official-tpn (necks.level_fusion_op.',
        ),
        (
            lambda: save({'backbone.stem.weight': torch.ones(1)}, 'bad.pth'),
            'no weight of bad.pth, read as mmaction2, fits the model of tsn.py',
        ),
        (
            lambda: save(
                {
                    name: torch.ones(64, 3, 7, 7)
                    for name in ('conv1.weight', 'module.conv1.weight')
                },
                'bad.pth',
            ),
            'bad.pth has two keys for backbone.conv1.conv.weight',
        ),
    ],
)
def test_bad_checkpoint(write, message):
    write()
    assert message in refusal('bad.pth', 'tsn.py', 'new.pth', '--partial')


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('model = dict(', 'bad.py cannot be read as a config (SyntaxError'),
        ("_base_ = 'nowhere.py'", 'bad.py cannot be read as a config (FileNotFound'),
        ('x = 1', 'bad.py has no model'),
        ("model = dict(type='TSN')", 'the model of bad.py cannot be built (KeyError'),
    ],
)
def test_bad_config(text, message):
    Path('bad.py').write_text(text)
    assert message in refusal('old.pth.tar', 'bad.py', 'new.pth')


def test_format_may_be_given():
    line = refusal('old.pth.tar', 'tsn.py', 'new.pth', '--from', 'official-tpn')
    assert 'no weight of old.pth.tar, read as official-tpn, fits' in line
    result = run('old.pth.tar', 'tsn.py', 'new.pth', '--from', 'caffe')
    assert result.exit_code == 2
    assert "'caffe' is not one of" in result.stderr


def test_help_names_the_formats():
    result = run('--help')
    assert result.exit_code == 0
    assert '    tpn-tsn convert r50f8s8.pth CONFIG released.pth' in result.output
    for name in ('official-tpn', 'tsn-pytorch', 'mmaction2', 'torchvision'):
        assert f'    {name} ' in result.output
