"""Temporal pooling by its formulas."""

import itertools

import pytest
import torch

from tpn_tsn_plugin.functional.temporal_pooling import (
    central_identity,
    conv_pool_3d,
    pool_2d,
    pool_3d,
)


def volume(*shape):
    torch.manual_seed(0)
    return torch.randn(2, 3, *shape)


def window(centre, side):
    return slice(max(centre - 1, 0), min(centre + 2, side))


def test_pool_2d_takes_each_frame_for_itself():
    x = volume(4, 7, 6)
    pooled = pool_2d(x)
    assert pooled.shape == (2, 3, 4, 4, 3)
    for t, i, j in itertools.product(range(4), range(4), range(3)):
        patch = x[:, :, t, window(2 * i, 7), window(2 * j, 6)]
        assert torch.equal(pooled[:, :, t, i, j], patch.amax(dim=(2, 3)))


def test_pool_3d_takes_cubes_of_space_and_time():
    x = volume(5, 7, 6)
    pooled = pool_3d(x)
    assert pooled.shape == (2, 3, 3, 4, 3)
    for t, i, j in itertools.product(range(3), range(4), range(3)):
        cube = x[:, :, window(2 * t, 5), window(2 * i, 7), window(2 * j, 6)]
        assert torch.equal(pooled[:, :, t, i, j], cube.amax(dim=(2, 3, 4)))


@pytest.mark.parametrize('frames', [1, 2, 3, 5])
def test_any_number_of_frames_is_pooled(frames):
    assert pool_3d(volume(frames, 4, 4)).shape[2] == (frames + 1) // 2


def test_conv_pool_3d_convolves_and_then_pools():
    x, weight, bias = volume(3, 5, 5), torch.randn(4, 3, 3, 3, 3), torch.randn(4)
    expected = torch.nn.functional.conv3d(x, weight, bias, padding=1)
    expected = torch.nn.functional.max_pool3d(expected, 3, 2, 1)
    assert torch.equal(conv_pool_3d(x, weight, bias), expected)


@pytest.mark.parametrize('shape', [(3, 3, 3, 3, 3), (4, 3, 1, 3, 5), (3, 4, 3, 3, 3)])
def test_the_central_identity_passes_channels_on(shape):
    weight = central_identity(torch.randn(shape))
    x = torch.randn(1, shape[1], 3, 5, 6)
    padding = [side // 2 for side in shape[2:]]
    passed = torch.nn.functional.conv3d(x, weight, padding=padding)
    shared = min(shape[:2])
    assert torch.equal(passed[:, :shared], x[:, :shared])
    assert not passed[:, shared:].any()
