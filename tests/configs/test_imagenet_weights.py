"""Backbones start from torchvision's files, without torchvision."""

import re

import pytest
import torch
from mmengine.config import Config

from tpn_tsn_plugin.registry import MODELS

BASES = ['slowonly_r50', 'tsm_r50', 'tsn_r50']


def torchvision_name(key):
    """MMAction2's name of a weight to torchvision's."""
    key = re.sub(r'downsample\.conv\.', 'downsample.0.', key)
    key = re.sub(r'downsample\.bn\.', 'downsample.1.', key)
    key = re.sub(r'conv(\d)\.bn\.', r'bn\1.', key)
    return re.sub(r'conv(\d)\.conv\.', r'conv\1.', key)


@pytest.fixture(scope='module')
def weights(tmp_path_factory):
    """A file as torchvision writes it, of a ResNet-18, and what is in it."""
    torch.manual_seed(0)
    source = MODELS.build(dict(type='mmaction.ResNet', depth=18))
    state = {torchvision_name(k): v for k, v in source.state_dict().items()}
    state['fc.weight'] = torch.rand(1000, 512)
    path = tmp_path_factory.mktemp('weights') / 'resnet18.pth'
    torch.save(state, path)
    return path, state


@pytest.mark.parametrize('base', BASES)
def test_a_local_file_is_set_as_the_readme_says(base, weights, repo_root):
    path, state = weights
    config = Config.fromfile(repo_root / f'configs/_base_/models/{base}.py')
    config.merge_from_dict({'model.backbone.pretrained': str(path)})
    config.model.backbone.depth = 18
    backbone = MODELS.build(config.model.backbone)
    backbone.init_weights()
    for ours, key in ('conv1.conv', 'conv1'), ('layer4.1.conv2.conv', 'layer4.1.conv2'):
        expected = state[f'{key}.weight']
        loaded = dict(backbone.named_parameters())[f'{ours}.weight']
        if loaded.ndim == 5:
            # inflated: copied along time, divided by the number of copies
            expected = expected.unsqueeze(2) / loaded.shape[2]
        torch.testing.assert_close(loaded, expected.expand_as(loaded))
