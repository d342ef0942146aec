"""Temporal pooling: maps of several frames become one map in space and time.

Shape letters: N samples (videos times views), C channels, K frames, H height, W width.
Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3.2 and Figure 4.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from tpn_tsn_plugin.functional.pyramid import extent

# Along each axis the same, or one an axis.
Extent = int | tuple[int, ...]


def pool_2d(
    x: Tensor,
    kernel_size: Extent = 3,
    stride: Extent = 2,
    padding: Extent | None = None,
) -> Tensor:
    """Max-pool every frame for itself.

    Args:
        x: (N, C, K, H, W).
        kernel_size: Extent along y and x.
        stride: Step along y and x.
        padding: Margin along y and x; None for half an odd extent, none for an even.

    Returns:
        (N, C, K, H', W'); by default each side is halved and rounded up.
    """
    return pool_3d(x, *_in_space(kernel_size, stride, padding))


def pool_3d(
    x: Tensor,
    kernel_size: Extent = 3,
    stride: Extent = 2,
    padding: Extent | None = None,
) -> Tensor:
    """Max-pool over cubes of x, y and t, channel by channel.

    A cube that is larger than the map is cut to it: one time or one position, where
    the extent needs more, passes as it is.

    Args:
        x: (N, C, K, H, W).
        kernel_size: Extent along all three, or along t, y and x.
        stride: Step along all three, or along t, y and x.
        padding: Margin; None for half an odd extent, none for an even one.

    Returns:
        (N, C, K', H', W'); by default each side is halved and rounded up.
    """
    if padding is None:
        padding = _default_padding(kernel_size)
    return F.max_pool3d(x, _cut(kernel_size, padding, extent(x)), stride, padding)


def conv_pool_3d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel_size: Extent = 3,
    stride: Extent = 2,
    padding: Extent | None = None,
    rectify: bool = False,
) -> Tensor:
    """Convolve over x, y and t, then max-pool as :func:`pool_3d`.

    Args:
        x: (N, C, K, H, W).
        weight: Filters (C', C, k, k, k), k odd.
        bias: (C',).
        kernel_size: Extent of the pooling.
        stride: Step of the pooling.
        padding: Margin of the pooling.
        rectify: Whether a ReLU comes between.

    Returns:
        (N, C', K', H', W').
    """
    mixed = F.conv3d(x, weight, bias, padding=weight.shape[-1] // 2)
    if rectify:
        mixed = F.relu(mixed)
    return pool_3d(mixed, kernel_size, stride, padding)


def _default_padding(kernel_size: Extent) -> Extent:
    if isinstance(kernel_size, int):
        return kernel_size // 2 if kernel_size % 2 else 0
    return tuple(size // 2 if size % 2 else 0 for size in kernel_size)


def _cut(kernel_size: Extent, padding: Extent, size: Sequence[int]) -> Extent:
    """The extent, no larger along any axis than the map with its margin."""
    triples = (
        (value,) * 3 if isinstance(value, int) else value
        for value in (kernel_size, padding)
    )
    return tuple(min(k, have + 2 * p) for k, p, have in zip(*triples, size))


def _in_space(
    kernel_size: Extent, stride: Extent, padding: Extent | None
) -> tuple[Extent, Extent, Extent]:
    """The same along y and x, and nothing along t."""
    if padding is None:
        padding = _default_padding(kernel_size)

    def in_space(neutral: int, value: Extent) -> Extent:
        pair = (value, value) if isinstance(value, int) else tuple(value)
        return (neutral, *pair)

    return in_space(1, kernel_size), in_space(1, stride), in_space(0, padding)


def central_identity(weight: Tensor) -> Tensor:
    """Filters that pass every channel on unchanged.

    Args:
        weight: Filters (C', C, k, k, k) or (C', C), whose shape and type are taken.

    Returns:
        1 at the centre where input and output channel are the same, else 0.
    """
    identity = torch.zeros_like(weight)
    volume = weight.shape[2:].numel()
    # The centre of an odd cube is the middle of its numbers in a row.
    identity.view(*weight.shape[:2], volume)[:, :, volume // 2].fill_diagonal_(1)
    return identity


def gaussian_window(size: int, sigma: float) -> Tensor:
    """Weights that fall off from the centre of a cube, with the sum 1.

    Args:
        size: Extent along t, y and x, odd.
        sigma: Standard deviation, in frames and positions.

    Returns:
        (size, size, size).
    """
    from_centre = torch.arange(size) - size // 2
    along = torch.exp(-(from_centre**2) / (2 * sigma**2))
    window = torch.einsum('t,y,x->tyx', along, along, along)
    return window / window.sum()
