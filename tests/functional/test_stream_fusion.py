"""Stream fusion by its formulas."""

import pytest
import torch

from tpn_tsn_plugin.functional.stream_fusion import (
    bilinear_fusion,
    concat_fusion,
    conv_fusion,
    max_fusion,
    signed_sqrt,
    sum_fusion,
)

SIZES = [(5, 4), (3, 5, 4)]


def maps(size, channels=(3, 3), samples=2, dtype=torch.float64):
    torch.manual_seed(0)
    return [torch.randn(samples, c, *size, dtype=dtype) for c in channels]


@pytest.mark.parametrize('size', SIZES)
def test_sum_and_maximum_go_element_by_element(size):
    a, b = maps(size)
    summed, largest = sum_fusion(a, b), max_fusion(a, b)
    for place in [(0, 0, *[0] * len(size)), (1, 2, *[-1] * len(size))]:
        assert summed[place] == a[place] + b[place]
        assert largest[place] == max(a[place], b[place])
    assert summed.shape == largest.shape == a.shape


@pytest.mark.parametrize('size', SIZES)
def test_concatenation_has_the_channels_of_the_first_map_first(size):
    a, b = maps(size, channels=(3, 2))
    fused = concat_fusion(a, b)
    assert fused.shape == (2, 5, *size)
    assert torch.equal(fused[:, :3], a)
    assert torch.equal(fused[:, 3:], b)


@pytest.mark.parametrize('size', SIZES)
def test_convolution_weights_all_channels_at_each_position(size):
    a, b = maps(size, channels=(3, 2))
    weight, bias = torch.randn(4, 5).double(), torch.randn(4).double()
    expected = torch.einsum('oc,nc...->no...', weight, torch.cat([a, b], 1))
    expected = expected + bias.view(1, 4, *[1] * len(size))
    torch.testing.assert_close(conv_fusion(a, b, weight, bias), expected)


@pytest.mark.parametrize('size', SIZES)
@pytest.mark.parametrize('channels', [(3, 3), (3, 4)])
def test_bilinear_is_the_sum_of_outer_products(size, channels):
    a, b = maps(size, channels)
    expected = torch.zeros(2, channels[0] * channels[1], dtype=torch.float64)
    for n in range(2):
        for x, y in zip(a[n].flatten(1).T, b[n].flatten(1).T):
            expected[n] += torch.outer(x, y).flatten()
    expected = expected.sign() * expected.abs().sqrt()
    expected = expected / expected.norm(dim=1, keepdim=True)
    torch.testing.assert_close(bilinear_fusion(a, b), expected, rtol=1e-12, atol=1e-12)


def test_gradients_of_bilinear_fusion():
    a, b = (x.requires_grad_() for x in maps((2, 3), channels=(2, 3)))
    assert torch.autograd.gradcheck(bilinear_fusion, (a, b))


def test_bilinear_gradient_is_finite_where_products_vanish():
    a = torch.zeros(1, 2, 3, 3, requires_grad=True)
    bilinear_fusion(a, torch.ones(1, 2, 3, 3)).sum().backward()
    assert torch.isfinite(a.grad).all()


def test_signed_square_root():
    x = torch.tensor([-4.0, 0.0, 9.0])
    assert signed_sqrt(x).tolist() == [-2.0, 0.0, 3.0]


def test_bilinear_does_not_overflow_in_half_precision():
    a = torch.full((1, 2, 16, 16), 300.0, dtype=torch.float16)
    fused = bilinear_fusion(a, a)
    assert fused.dtype == torch.float32
    torch.testing.assert_close(fused, torch.full((1, 4), 0.5))


def peak_bytes(side):
    """Largest tensor memory that bilinear fusion of one map asks for."""
    a, b = maps((side, side), channels=(64, 64), samples=1, dtype=torch.float32)
    with torch.profiler.profile(profile_memory=True) as profile:
        bilinear_fusion(a, b)
    return max(event.nbytes() for event in profile.profiler.kineto_results.events())


def test_memory_of_bilinear_fusion_does_not_grow_with_the_map():
    # An outer product at each of 32² positions would take 16 MiB.
    products = 64 * 64 * 4
    assert peak_bytes(4) == peak_bytes(32) == products


@pytest.mark.parametrize('fuse', [sum_fusion, max_fusion, concat_fusion])
def test_maps_of_different_size_are_refused(fuse):
    a, b = torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 4, 5)
    with pytest.raises(
        ValueError, match=r'\(2, 3, 4, 4\).*\(2, 3, 4, 5\).*stages that'
    ):
        fuse(a, b)


def test_different_channels_are_refused_with_the_remedy():
    a, b = torch.zeros(2, 3, 4, 4), torch.zeros(2, 5, 4, 4)
    with pytest.raises(ValueError, match=r'one shape.*ConvFusion'):
        sum_fusion(a, b)


def test_a_frame_is_not_fused_with_a_volume():
    with pytest.raises(ValueError, match='one size'):
        concat_fusion(torch.zeros(2, 3, 4, 4), torch.zeros(2, 3, 1, 4, 4))


def test_filters_for_other_channels_are_refused():
    a = torch.zeros(1, 3, 2, 2)
    with pytest.raises(ValueError, match='filters for 5 channels, got maps of 3 and 3'):
        conv_fusion(a, a, torch.zeros(3, 5))
