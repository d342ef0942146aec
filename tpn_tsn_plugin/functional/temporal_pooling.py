"""Temporal pooling: maps of several frames become one map in space and time.

Shape letters: N samples (videos times views), C channels, K frames, H height, W width.
Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3.2 and Figure 4.
"""

import torch
import torch.nn.functional as F
from torch import Tensor


def pool_2d(x: Tensor, kernel_size: int = 3, stride: int = 2) -> Tensor:
    """Max-pool every frame for itself.

    Args:
        x: (N, C, K, H, W).
        kernel_size: Extent along y and x.
        stride: Step along y and x.

    Returns:
        (N, C, K, H', W'); each side is ceil(side / stride) for an odd kernel size.
    """
    padding = kernel_size // 2
    return F.max_pool3d(
        x, (1, kernel_size, kernel_size), (1, stride, stride), (0, padding, padding)
    )


def pool_3d(x: Tensor, kernel_size: int = 3, stride: int = 2) -> Tensor:
    """Max-pool over cubes of x, y and t, channel by channel.

    Args:
        x: (N, C, K, H, W).
        kernel_size: Extent along all three.
        stride: Step along all three.

    Returns:
        (N, C, K', H', W'); each side is ceil(side / stride) for an odd kernel size.
    """
    return F.max_pool3d(x, kernel_size, stride, kernel_size // 2)


def conv_pool_3d(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    *,
    kernel_size: int = 3,
    stride: int = 2,
) -> Tensor:
    """Convolve over x, y and t, then max-pool as :func:`pool_3d`.

    Args:
        x: (N, C, K, H, W).
        weight: Filters (C', C, k, k, k), k odd.
        bias: (C',).
        kernel_size: Extent of the pooling.
        stride: Step of the pooling.

    Returns:
        (N, C', K', H', W').
    """
    mixed = F.conv3d(x, weight, bias, padding=weight.shape[-1] // 2)
    return pool_3d(mixed, kernel_size, stride)


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
