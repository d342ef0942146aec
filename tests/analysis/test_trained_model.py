"""A config's model with a checkpoint's weights, or one line that says why not."""

import re

import pytest
import torch
from mmengine.config import Config

from tpn_tsn_plugin.analysis.trained_model import build_model, load_model, read_config
from tpn_tsn_plugin.errors import CheckpointError, UnsafeCheckpointError

MODEL = """
model = dict(
    type='Recognizer2D',
    backbone=dict(type='ResNet', depth=18, num_stages=1, strides=(1,), dilations=(1,),
                  out_indices=(0,), pretrained='https://nowhere/resnet18.pth'),
    cls_head=dict(type='TSNHead', num_classes=3, in_channels=64))
"""


@pytest.fixture
def config_file(tmp_path):
    path = tmp_path / 'tsn.py'
    path.write_text(MODEL)
    return path


@pytest.fixture
def save(tmp_path):
    def write(content):
        torch.save(content, tmp_path / 'a.pth')
        return tmp_path / 'a.pth'

    return write


@pytest.fixture
def weights(config_file):
    return build_model(read_config(config_file)).state_dict()


def test_options_change_the_config(config_file):
    config = read_config(config_file, ['model.cls_head.num_classes=7'])
    assert config.model.cls_head.num_classes == 7
    # what is given out is not what is kept
    assert build_model(config).cls_head.fc_cls.out_features == 7
    assert config.model.backbone.pretrained is not None


@pytest.mark.parametrize(
    ('option', 'hint'),
    [
        ('modle.cls_head.num_classes=7', "; is 'model' meant?"),
        ('test_dataloder.batch_size=1', "'test_dataloader'"),
        ('xyz=1', 'runner$'),
        ('nonsense', 'must be KEY=VALUE'),
        ('model', 'must be KEY=VALUE'),
    ],
)
def test_option_that_nothing_reads(config_file, option, hint):
    with pytest.raises(ValueError, match=r'^option .* must be KEY=VALUE') as error:
        read_config(config_file, [option])
    assert re.search(hint, str(error.value))


def test_option_of_the_runner_that_the_config_lacks(config_file):
    assert read_config(config_file, ['load_from=a.pth']).load_from == 'a.pth'


@pytest.mark.parametrize('prefix', ['', 'module.'])
@pytest.mark.parametrize('wrap', [dict, lambda w: dict(state_dict=w, meta={})])
def test_every_weight_is_the_checkpoints(config_file, weights, save, wrap, prefix):
    content = wrap({prefix + name: value for name, value in weights.items()})
    model = load_model(read_config(config_file), save(content))
    assert not model.training
    for name, value in model.state_dict().items():
        assert torch.equal(value, weights[name])


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            lambda w: w.pop('cls_head.fc_cls.bias'),
            r'1 weights are missing in it \(cls_',
        ),
        (lambda w: w.update(a=torch.ones(1)), r'1 weights are unknown .*\(a\)'),
        (
            lambda w: w.update({'cls_head.fc_cls.bias': torch.ones(5)}),
            r'of another shape \(.*fc_cls.bias.*\[5\].*\[3\]',
        ),
        (lambda w: [w.pop(n) for n in list(w)[:5]], '5 weights .* and 2 more'),
        (lambda w: w.clear(), 'holds no weights'),
        (lambda w: w.update(a=1), 'holds no weights'),
    ],
)
def test_another_models_checkpoint_is_refused(
    config_file, weights, save, change, message
):
    change(weights)
    with pytest.raises(CheckpointError, match=message) as caught:
        load_model(Config.fromfile(config_file), save(dict(weights)))
    assert '\n' not in str(caught.value)


def test_hostile_checkpoint(config_file, save):
    with pytest.raises(UnsafeCheckpointError):
        load_model(read_config(config_file), save(dict(a=pytest.raises)))
