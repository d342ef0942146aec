"""Kernels for other input: formulas, hand-computed values, exact copies."""

import pytest
import torch
import torch.nn.functional as F

from tpn_tsn_plugin.functional.cross_modality import (
    extend_by_mean_kernel,
    inflate_kernel,
    repeat_mean_kernel,
)


def test_mean_of_a_kernel_by_hand():
    kernel = torch.tensor([[1.0, 2.0, 6.0], [0.0, 3.0, -3.0]]).view(2, 3, 1, 1)
    repeated = repeat_mean_kernel(kernel, 4).flatten(1)
    assert repeated.tolist() == [[3.0] * 4, [0.0] * 4]
    extended = extend_by_mean_kernel(kernel, 5).flatten(1)
    assert extended.tolist() == [[1.0, 2.0, 6.0, 3.0, 3.0], [0.0, 3.0, -3.0, 0.0, 0.0]]


@pytest.mark.parametrize('shape', [(4, 3, 7, 7), (4, 3, 5, 7, 7)])
@pytest.mark.parametrize('channels', [1, 2, 10, 15, 20])
def test_copies_are_exactly_the_mean_and_share_no_memory(shape, channels):
    kernel = torch.randn(shape)
    repeated = repeat_mean_kernel(kernel, channels)
    assert repeated.shape == (4, channels, *shape[2:])
    for copy in repeated.unbind(1):
        assert copy.equal(kernel.mean(dim=1))
    repeated[:, 0] = 0
    assert channels == 1 or not repeated[:, 1].eq(0).any()


def test_kept_channels_are_exactly_the_kernel():
    kernel = torch.randn(4, 3, 7, 7)
    extended = extend_by_mean_kernel(kernel, 18)
    assert extended[:, :3].equal(kernel)
    for copy in extended[:, 3:].unbind(1):
        assert copy.equal(kernel.mean(dim=1))


def test_response_is_that_of_the_mean_kernel_to_the_summed_channels():
    kernel, x = torch.randn(4, 3, 3, 3), torch.randn(2, 10, 8, 8)
    ours = F.conv2d(x, repeat_mean_kernel(kernel, 10))
    summed = F.conv2d(x.sum(1, keepdim=True), kernel.mean(1, keepdim=True))
    torch.testing.assert_close(ours, summed, rtol=0, atol=1e-4)


@pytest.mark.parametrize('length', [1, 3, 5])
def test_inflated_kernel_sees_a_still_clip_as_its_frame(length):
    kernel, x = torch.randn(4, 3, 3, 3), torch.randn(2, 3, 8, 8)
    inflated = inflate_kernel(kernel, length)
    for copy in inflated.unbind(2):
        assert copy.equal(kernel / length)
    still = x.unsqueeze(2).expand(-1, -1, length, -1, -1)
    ours = F.conv3d(still, inflated).squeeze(2)
    torch.testing.assert_close(ours, F.conv2d(x, kernel), rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    ('function', 'size'),
    [(repeat_mean_kernel, 4), (extend_by_mean_kernel, 5), (inflate_kernel, 3)],
)
def test_gradients_reach_the_kernel(function, size):
    kernel = torch.randn(2, 3, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda kernel: function(kernel, size), kernel)


@pytest.mark.parametrize(
    ('function', 'size', 'message'),
    [
        (repeat_mean_kernel, 0, r'channels must be a whole number from 1 on, got 0'),
        (extend_by_mean_kernel, 3, r'more than the 3 that keep_rgb keeps, got 3'),
        (extend_by_mean_kernel, 2, r'more than the 3 that keep_rgb keeps, got 2'),
        (inflate_kernel, 0, r'length must be a whole number from 1 on, got 0'),
    ],
)
def test_wrong_size_is_named(function, size, message):
    with pytest.raises(ValueError, match=message):
        function(torch.zeros(2, 3, 1, 1), size)
