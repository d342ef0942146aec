"""Fusion and pooling modules: how they start, what they refuse."""

import itertools

import pytest
import torch

from tpn_tsn_plugin.models import SumFusion, TemporalPool3d
from tpn_tsn_plugin.registry import MODELS


def maps(channels=(4, 4), size=(3, 5)):
    torch.manual_seed(0)
    return [torch.randn(2, c, *size) for c in channels]


def build(name, **options):
    return MODELS.build(dict(type=name, **options))


def test_conv_fusion_starts_as_the_sum():
    spatial, temporal = maps()
    fused = build('ConvFusion', in_channels=4)(spatial, temporal)
    assert torch.equal(fused, SumFusion()(spatial, temporal))


def test_initialising_weights_keeps_the_sum():
    fusion = build('ConvFusion', in_channels=4)
    fusion.init_weights()
    spatial, temporal = maps()
    assert torch.equal(fusion(spatial, temporal), spatial + temporal)


def test_the_temporal_half_may_start_larger():
    spatial, temporal = maps()
    fused = build('ConvFusion', in_channels=4, temporal_scale=3.0)(spatial, temporal)
    torch.testing.assert_close(fused, spatial + 3 * temporal)


def test_conv_fusion_of_different_widths_starts_with_what_both_have():
    spatial, temporal = maps(channels=(4, 2))
    fusion = build('ConvFusion', in_channels=(4, 2))
    fused = fusion(spatial, temporal)
    assert torch.equal(fused[:, :2], spatial[:, :2] + temporal)
    assert torch.equal(fused[:, 2:], spatial[:, 2:])


def test_conv_fusion_has_the_parameters_of_a_1x1_convolution():
    fusion = build('ConvFusion', in_channels=(4, 2), out_channels=3)
    assert {n: tuple(p.shape) for n, p in fusion.named_parameters()} == {
        'weight': (3, 6),
        'bias': (3,),
    }


def test_conv_fusion_learns_from_both_streams():
    fusion = build('ConvFusion', in_channels=4)
    fusion(*maps()).square().sum().backward()
    assert (fusion.weight.grad.abs() > 0).all()


@pytest.mark.parametrize('size', [(3, 5), (2, 3, 5)])
def test_bilinear_fusion_leaves_one_position(size):
    spatial, temporal = maps(channels=(4, 3), size=size)
    fused = build('BilinearFusion')(spatial, temporal)
    assert fused.shape == (2, 12, *[1] * len(size))
    torch.testing.assert_close(fused.flatten(1).norm(dim=1), torch.ones(2))


@pytest.mark.parametrize('frames', [1, 2, 5])
def test_conv_pooling_starts_as_pooling(frames):
    x = torch.randn(2, 4, frames, 6, 7)
    pool = build('TemporalConvPool3d', channels=4)
    pool.init_weights()
    assert torch.equal(pool(x), TemporalPool3d()(x))


def test_conv_pooling_may_weight_two_streams():
    """As conv fusion of the halves, spread over space and time."""
    pool = build(
        'TemporalConvPool3d',
        channels=6,
        stream_weights=(0.25, 0.75),
        sigma=1.0,
        rectify=True,
    )
    assert pool.weight.shape == (3, 6, 3, 3, 3)
    x = torch.randn(1, 6, 3, 5, 5)
    mixed = 0.25 * x[:, :3] + 0.75 * x[:, 3:]
    offsets = torch.tensor([-1.0, 0.0, 1.0])
    expected = torch.zeros_like(mixed)
    total = 0
    for dt, dy, dx in itertools.product(range(3), repeat=3):
        weight = (-(offsets[[dt, dy, dx]] ** 2).sum() / 2).exp()
        total += weight
        padded = torch.nn.functional.pad(mixed, [1] * 6)
        expected += weight * padded[:, :, dt : dt + 3, dy : dy + 5, dx : dx + 5]
    expected = TemporalPool3d()((expected / total).relu())
    torch.testing.assert_close(pool(x), expected)


def test_pooling_as_in_vgg_leaves_one_time():
    pool = build('TemporalPool3d', kernel_size=[5, 2, 2], stride=2, padding=0)
    x = torch.randn(1, 4, 5, 14, 14)
    assert pool(x).shape == (1, 4, 1, 7, 7)
    frames = build('TemporalPool2d', kernel_size=2, padding=0)(x)
    assert torch.equal(pool(x)[:, :, 0], frames.amax(dim=2))


def test_conv_pooling_learns():
    pool = build('TemporalConvPool3d', channels=4)
    pool(torch.randn(2, 4, 3, 6, 6)).square().sum().backward()
    assert (pool.weight.grad.abs() > 0).any(dim=1).all()


def test_poolings_differ_in_time_only():
    x = torch.randn(2, 4, 5, 8, 8)
    frames = torch.stack(
        [TemporalPool3d()(x[:, :, [t]])[:, :, 0] for t in range(5)], dim=2
    )
    assert torch.equal(build('TemporalPool2d')(x), frames)
    assert build('TemporalPool3d')(x).shape == (2, 4, 3, 4, 4)


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (dict(type='ConvFusion', in_channels=0), 'in_channels.*whole number.*0'),
        (dict(type='ConvFusion', in_channels=(1, 2, 3)), r'one for the.*\(1, 2, 3\)'),
        (dict(type='ConvFusion', in_channels=4, out_channels=-1), 'out_channels.*-1'),
        (
            dict(type='TemporalPool3d', kernel_size=(3, 0, 3)),
            r'kernel_size.*\(3, 0, 3\)',
        ),
        (dict(type='TemporalPool3d', padding=-1), 'padding.*from 0 on, got -1'),
        (
            dict(type='TemporalConvPool3d', channels=5, stream_weights=(1, 1)),
            r'stream_weights.*\(1, 1\) for 5',
        ),
        (dict(type='TemporalPool2d', stride=0), 'stride.*0'),
        (dict(type='TemporalConvPool3d', channels=4, conv_size=4), 'conv_size.*odd.*4'),
        (dict(type='TemporalConvPool3d', channels='4'), 'channels'),
    ],
)
def test_wrong_options(config, message):
    with pytest.raises((ValueError, TypeError), match=message):
        MODELS.build(config)


def test_maps_of_other_width():
    with pytest.raises(ValueError, match=r'channels=4.*\(1, 3, 2, 4, 4\)'):
        build('TemporalConvPool3d', channels=4)(torch.zeros(1, 3, 2, 4, 4))


@pytest.mark.parametrize('size', [(1, 1, 1), (1, 4, 4), (5, 1, 1), (2, 1, 3)])
@pytest.mark.parametrize(
    ('kernel_size', 'padding'), [((2, 2, 2), 0), ((5, 2, 2), 0), ((4, 4, 4), 1)]
)
def test_windows_larger_than_the_map_are_cut_to_it(kernel_size, padding, size):
    """As if there were as much emptiness behind the map as the first window needs."""
    x = torch.randn(2, 4, *size)
    margins = []
    for extent, have in zip(reversed(kernel_size), reversed(size)):
        margins += [padding, padding + max(0, extent - have - 2 * padding)]
    empty = torch.nn.functional.pad(x, margins, value=-torch.inf)
    expected = torch.nn.functional.max_pool3d(empty, kernel_size, stride=2)
    pool = build('TemporalPool3d', kernel_size=kernel_size, padding=padding)
    assert torch.equal(pool(x), expected)
