"""Checkpoints and options that ``CrossModalityInitHook`` refuses."""

import pytest
import torch
from mmengine.registry import init_default_scope
from rgb_checkpoints import RESNET18, build, make_runner, start, torchvision_weights

from tpn_tsn_plugin.engine.hooks import CrossModalityInitHook
from tpn_tsn_plugin.errors import CheckpointError


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


@pytest.fixture
def resnet18(tmp_path):
    """Path of a ResNet-18 under torchvision's names."""
    path = str(tmp_path / 'resnet18.pth')
    torch.save(torchvision_weights(build(RESNET18)), path)
    return path


WRONG = {
    # all of ResNet-18's names are in it
    'resnet34': (dict(type='ResNet', depth=34), r'unknown to the backbone: layer1\.2'),
    'resnet50': (dict(type='ResNet', depth=50), r'of another shape: layer1\.0\.conv1'),
    'vgg': (
        dict(type='VGG', depth=11),
        r'missing in it: conv1\.conv\.weight, conv1\.bn',
    ),
}


@pytest.mark.parametrize('name', WRONG)
def test_wrong_checkpoint_is_refused_with_the_names_that_did_not_fit(
    name, tmp_path, caplog
):
    cfg, message = WRONG[name]
    path = str(tmp_path / f'{name}.pth')
    torch.save(torchvision_weights(build(cfg)), path)
    backbone = build(RESNET18, in_channels=10)
    before = {key: value.clone() for key, value in backbone.state_dict().items()}
    with pytest.raises(CheckpointError, match=message) as error:
        start(backbone, path)
    said = str(error.value)
    assert '\n' not in said
    assert f'{name}.pth does not fit backbone (ResNet): ' in said
    assert ' more; give a checkpoint of the same architecture' in said
    # the log has all names, and nothing was half loaded
    if name == 'vgg':
        assert 'layer4.1.conv2.bn.running_var' in caplog.text
        assert 'features.18.bias' in caplog.text
    assert all(value.equal(before[k]) for k, value in backbone.state_dict().items())


def test_what_may_differ_can_be_named(resnet18):
    part = dict(RESNET18, num_stages=3, out_indices=(2,), in_channels=10)
    part.update(strides=(1, 2, 2), dilations=(1, 1, 1))
    with pytest.raises(
        CheckpointError, match=r'unknown to the backbone: layer4\.0\.conv1'
    ):
        start(build(part), resnet18)
    ours = start(build(part), resnet18, allow_unmatched=['layer4'])
    assert ours.conv1.bn.weight.equal(torch.load(resnet18)['bn1.weight'])


def test_files_that_hold_no_checkpoint(tmp_path):
    path = str(tmp_path / 'epoch.pth')
    torch.save(dict(epoch=3), path)
    with pytest.raises(CheckpointError, match=r'epoch\.pth holds no weights'):
        start(build(RESNET18), path)
    message = r'none\.pth of CrossModalityInitHook does not exist; train the RGB model'
    with pytest.raises(CheckpointError, match=message):
        start(build(RESNET18), str(tmp_path / 'none.pth'))


def test_other_checkpoint_beside_it_is_refused(resnet18):
    runner = make_runner(build(RESNET18), load_from='other.pth')
    hook = CrossModalityInitHook(resnet18)
    with pytest.raises(ValueError, match=r"load_from='other.pth' and .* remove one"):
        hook.before_train(runner)


def test_wrong_option_is_named(resnet18):
    with pytest.raises(TypeError, match=r"allow_unmatched .*write \['layer4'\]"):
        CrossModalityInitHook(resnet18, allow_unmatched='layer4')
    runner = make_runner(build(RESNET18))
    hook = CrossModalityInitHook(resnet18, module='flow')
    with pytest.raises(ValueError, match=r"one of \['backbone'\] .*, got 'flow'"):
        hook.before_train(runner)
    with pytest.raises(ValueError, match=r'more than the 3 that keep_rgb keeps, got 2'):
        start(build(RESNET18, in_channels=2), resnet18, keep_rgb=True)
