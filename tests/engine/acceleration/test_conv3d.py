"""Ways to compute a 3D convolution: the same numbers, and nobody else's layers."""

import copy

import pytest
import torch
from mmcv.cnn import build_conv_layer
from torch import nn

from tpn_tsn_plugin.engine.acceleration.conv3d import compute, ways_of
from tpn_tsn_plugin.models.necks.tpn.fusion import PointwiseConv3d

LAYERS = {
    'frames': dict(kernel_size=(1, 3, 3), padding=(0, 1, 1)),
    'frames-strided': dict(kernel_size=(1, 7, 5), stride=(1, 2, 3), padding=(0, 3, 1)),
    'frames-dilated': dict(kernel_size=(1, 3, 3), dilation=(1, 2, 2), groups=2),
    'lines': dict(kernel_size=(3, 1, 1), padding=(1, 0, 0), groups=4),
    'lines-strided': dict(kernel_size=(5, 1, 1), stride=(2, 1, 1), dilation=(2, 1, 1)),
    'points': dict(kernel_size=1, bias=False),
}


@pytest.mark.parametrize('last', [False, True], ids=['channels-first', 'channels-last'])
@pytest.mark.parametrize('options', LAYERS.values(), ids=LAYERS)
def test_same_results_and_gradients(options, last):
    torch.manual_seed(0)
    own = nn.Conv3d(8, 12, **options)
    x = torch.randn(2, 8, 10, 13, 11)
    if last:
        x = x.to(memory_format=torch.channels_last_3d)
        own = own.to(memory_format=torch.channels_last_3d)
    ways = ways_of(own)[1:]
    assert ways
    for way in ways:
        other = copy.deepcopy(own)
        compute(other, way)
        results = []
        for layer in (own, other):
            given = x.clone().requires_grad_()
            out = layer(given)
            out.square().sum().backward()
            results.append([out, given.grad, *(p.grad for p in layer.parameters())])
        for expected, got in zip(*results, strict=True):
            torch.testing.assert_close(got, expected, rtol=1e-4, atol=1e-3)
        own.zero_grad()
        if last:
            assert results[1][0].is_contiguous(memory_format=torch.channels_last_3d)


@pytest.mark.parametrize('last', [False, True], ids=['channels-first', 'channels-last'])
@pytest.mark.parametrize('way', ['frames', 'lines'])
@pytest.mark.parametrize('size', [1, 2])
def test_what_follows_has_the_same_gradients(size, way, last):
    """Of maps of 1×1, PyTorch's normalisation took wrong ones by their strides."""
    torch.manual_seed(0)
    own = nn.Sequential(nn.Conv3d(8, 16, 1), nn.BatchNorm3d(16))
    if last:
        own = own.to(memory_format=torch.channels_last_3d)
    nn.init.uniform_(own[1].weight)
    other = copy.deepcopy(own)
    compute(other[0], way)
    x, weights = torch.randn(4, 8, 6, size, size), torch.randn(4, 16, 6, size, size)
    for model in (own, other):
        (model(x) * weights).sum().backward()
    for expected, got in zip(own.parameters(), other.parameters(), strict=True):
        torch.testing.assert_close(got.grad, expected.grad, rtol=1e-4, atol=1e-4)


class Own(nn.Conv3d):
    """A layer that computes something of its own."""

    def _conv_forward(self, x, weight, bias):
        return super()._conv_forward(x, weight, bias) * 2


@pytest.mark.parametrize(
    ('layer', 'expected'),
    [
        (nn.Conv3d(2, 2, (1, 3, 3)), ['direct', 'frames']),
        (build_conv_layer(dict(type='Conv3d'), 2, 2, 1), ['direct', 'frames', 'lines']),
        (nn.Conv3d(2, 2, (3, 1, 1)), ['direct', 'lines']),
        (nn.Conv3d(2, 2, 3), ['direct']),
        (nn.Conv3d(2, 2, (3, 1, 1), stride=2), ['direct']),
        (nn.Conv3d(2, 2, (1, 3, 3), padding=1), ['direct']),
        (nn.Conv3d(2, 2, (1, 3, 3), padding='same'), []),
        (nn.Conv3d(2, 2, (1, 3, 3), padding_mode='replicate'), []),
        (Own(2, 2, 1), []),
        (PointwiseConv3d(2, 2, 1), []),
        (nn.Conv2d(2, 2, 1), []),
    ],
    ids=str,
)
def test_which_layers(layer, expected):
    assert ways_of(layer) == expected


def test_a_way_is_undone_and_follows_a_copy():
    torch.manual_seed(0)
    conv, x = nn.Conv3d(2, 2, (3, 1, 1)), torch.randn(1, 2, 4, 3, 3)
    names = list(conv.state_dict())
    compute(conv, 'lines')
    twin = copy.deepcopy(conv)
    nn.init.zeros_(twin.weight)
    nn.init.zeros_(twin.bias)
    assert twin(x).abs().max() == 0
    assert conv(x).abs().max() > 0
    assert list(conv.state_dict()) == names
    compute(conv, 'direct')
    assert '_conv_forward' not in vars(conv)
