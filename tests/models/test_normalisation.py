"""Batch normalisation of a single value a channel, and of all others."""

import copy
import itertools

import pytest
import torch
from mmcv.cnn import ConvModule
from mmengine.model import convert_sync_batchnorm, revert_sync_batchnorm
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tpn_tsn_plugin.models import normalisation
from tpn_tsn_plugin.models.normalisation import NormalisedConv, normalise
from tpn_tsn_plugin.registry import MODELS

NORMS = {1: nn.BatchNorm1d, 2: nn.BatchNorm2d, 3: nn.BatchNorm3d}
SINGLE = [(1, 4), (1, 4, 1, 1), (1, 4, 1, 1, 1)]
SEVERAL = [(2, 4), (1, 4, 2, 1), (2, 4, 1, 1, 1)]


def learned(norm):
    """A normalisation with statistics and weights of some training."""
    for value in (norm.running_mean, norm.weight.data, norm.bias.data):
        nn.init.normal_(value)
    nn.init.uniform_(norm.running_var, 0.5, 2)
    return norm


def batch_norm(shape):
    return learned(NORMS[max(1, len(shape) - 2)](4))


def convolution(kind=NormalisedConv):
    torch.manual_seed(0)
    return kind(3, 4, 3, bias=False, norm_cfg=dict(type='BN'))


@pytest.mark.parametrize('shape', SINGLE)
def test_a_single_value_is_normalised_as_in_testing(shape):
    norm, x = batch_norm(shape), torch.randn(shape, requires_grad=True)
    before = copy.deepcopy(norm.state_dict())
    y = normalise(norm, x)
    scale = norm.weight / (norm.running_var + norm.eps).sqrt()
    expected = (x.flatten() - norm.running_mean) * scale + norm.bias
    torch.testing.assert_close(y, expected.view(shape))
    y.sum().backward()
    torch.testing.assert_close(x.grad.flatten(), scale)
    assert norm.weight.grad.abs().min() > 0
    torch.testing.assert_close(norm.bias.grad, torch.ones(4))
    assert norm.training
    for name, value in norm.state_dict().items():
        assert torch.equal(value, before[name]), name


@pytest.mark.parametrize(
    ('shape', 'training'),
    [*itertools.product(SEVERAL, [True, False]), *itertools.product(SINGLE, [False])],
)
def test_everything_else_is_the_layers_own(shape, training):
    norm, x = batch_norm(shape).train(training), torch.randn(shape)
    own = copy.deepcopy(norm)
    assert torch.equal(normalise(norm, x), own(x))
    for name, value in norm.state_dict().items():
        assert torch.equal(value, own.state_dict()[name]), name
    assert norm.num_batches_tracked == int(training)


def test_other_kinds_are_not_touched():
    x = torch.randn(1, 4, 1, 1)
    norm = nn.GroupNorm(2, 4)
    assert torch.equal(normalise(norm, x), norm(x))
    # There is nothing to put in the place of the batch's statistics.
    untracked = nn.BatchNorm2d(4, track_running_stats=False)
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        normalise(untracked, x)


@pytest.mark.parametrize('processes', [1, 2])
def test_synchronised_ones_count_the_values_of_all_processes(processes, monkeypatch):
    """Here one process plays two, so that PyTorch's own refusal shows the way taken."""
    monkeypatch.setattr(normalisation, 'get_world_size', lambda group: processes)
    norm, x = learned(nn.SyncBatchNorm(4)), torch.randn(1, 4, 1, 1)
    if processes == 1:
        assert torch.equal(normalise(norm, x), copy.deepcopy(norm).eval()(x))
    else:
        with pytest.raises(ValueError, match='more than 1 value per channel'):
            normalise(norm, x)


@pytest.mark.parametrize('size', [3, 4])
def test_convolutions_are_those_of_mmcv(size):
    ours, theirs = convolution(), convolution(ConvModule)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    for step in range(2):
        x = torch.randn(2, 3, size, size)
        a, b = (x.clone().requires_grad_() for _ in range(2))
        first, second = ours(a), theirs(b)
        assert torch.equal(first, second), step
        first.square().sum().backward()
        second.square().sum().backward()
        assert torch.equal(a.grad, b.grad)
    for name, value in ours.state_dict().items():
        assert torch.equal(value, theirs.state_dict()[name]), name
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


def test_convolution_with_a_single_value():
    conv, x = convolution(), torch.randn(1, 3, 3, 3)
    learned(conv.bn)
    testing = copy.deepcopy(conv).eval()(x)
    torch.testing.assert_close(conv.train()(x), testing)
    assert conv.bn.num_batches_tracked == 0
    assert (testing >= 0).all()


def small_maps():
    """The level below becomes as small as the top, which has one value a channel."""
    return [torch.randn(1, 4, 1, 2, 2), torch.randn(1, 8, 1, 1, 1)]


def small_neck():
    return MODELS.build(
        dict(
            type='TemporalPyramidNeck',
            in_channels=(4, 8),
            out_channels=8,
            temporal_rates=(1, 1),
            mid_channels=8,
            groups=2,
        )
    )


CONVERSIONS = {
    'mmengine': convert_sync_batchnorm,
    'torch': nn.SyncBatchNorm.convert_sync_batchnorm,
    'there-and-back': lambda m: revert_sync_batchnorm(convert_sync_batchnorm(m)),
}


@pytest.mark.parametrize('name', CONVERSIONS)
def test_conversion_finds_every_layer_and_keeps_this(name):
    neck = small_neck()
    norms = [m for m in neck.modules() if isinstance(m, _BatchNorm)]
    keys = list(neck.state_dict())
    converted = CONVERSIONS[name](neck).train()
    found = [m for m in converted.modules() if isinstance(m, _BatchNorm)]
    assert len(found) == len(norms) > 0
    assert not any(type(m) is nn.BatchNorm3d for m in found)
    assert list(converted.state_dict()) == keys
    features, _ = converted(small_maps())
    assert features.isfinite().all()
    assert [int(m.num_batches_tracked) for m in found] == [0] * len(found)


def test_a_neck_learns_from_a_single_value():
    """The value passes; less its mean it would be 0, and all gradients with it."""
    neck = small_neck().train()
    features, _ = neck(small_maps())
    features.square().sum().backward()
    for name, parameter in neck.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert parameter.grad.abs().sum() > 0, name


def test_bn_inception_trains_with_one_small_picture():
    backbone = MODELS.build(dict(type='BNInception')).train()
    maps = backbone(torch.randn(1, 3, 32, 32))
    assert maps.shape == (1, 1024, 1, 1)
    maps.sum().backward()
    assert all(p.grad.isfinite().all() for p in backbone.parameters())
    counts = {n: int(b) for n, b in backbone.named_buffers() if 'num_batches' in n}
    assert counts['conv1_7x7_s2_bn.num_batches_tracked'] == 1
    assert counts['inception_5b_1x1_bn.num_batches_tracked'] == 0


HOST = {
    'ResNet': dict(depth=18),
    'ResNetTSM': dict(depth=18, num_segments=1),
    'ResNet3dSlowOnly': dict(
        depth=18, base_channels=4, lateral=False, conv1_kernel=(1, 7, 7)
    ),
}


@pytest.mark.parametrize('name', HOST)
def test_backbones_of_mmaction2_refuse_unless_their_statistics_are_fixed(name):
    """When the first part fails, PyTorch or MMAction2 was repaired: see the README."""
    size = (1, 3, 1, 32, 32) if '3d' in name else (1, 3, 32, 32)
    config = dict(type=name, pretrained=None, **HOST[name])
    backbone = MODELS.build(dict(config, norm_eval=False))
    backbone.train()
    with pytest.raises(ValueError, match='more than 1 value per channel'):
        backbone(torch.randn(size))
    backbone.norm_eval = True
    backbone.train()
    assert backbone(torch.randn(size)).isfinite().all()
