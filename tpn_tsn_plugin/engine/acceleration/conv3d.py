"""Ways to compute a 3D convolution whose kernel is flat along time or along the map.

Most 3D convolutions of SlowOnly and TPN have kernels (1, k, k) or (k, 1, 1). They are
2D convolutions, of the frames or of the time lines, and libraries have had more time
for these. Weights, names and results stay; only sums may be rounded in another order.

Shape letters: N samples, C channels, T time, H height, W width.
"""

from collections.abc import Callable
from types import MethodType
from typing import cast

import torch
import torch.nn.functional as F
from mmcv.cnn.bricks import wrappers
from torch import Tensor, nn

# What ``nn.Conv3d`` itself does.
DIRECT = 'direct'

Compute = Callable[[nn.Conv3d, Tensor, Tensor, Tensor | None], Tensor]


def by_frames(
    conv: nn.Conv3d, x: Tensor, weight: Tensor, bias: Tensor | None
) -> Tensor:
    """Convolve (N, C, T, H, W) by a kernel (1, k, k): N·T maps, one batch.

    Free of copies where channels come last; else the map is transposed.
    """
    samples, _, frames = x.shape[:3]
    maps = x.transpose(1, 2).flatten(0, 1)
    out = F.conv2d(
        maps,
        weight.squeeze(2),
        bias,
        conv.stride[1:],
        cast(tuple[int, ...], conv.padding)[1:],
        conv.dilation[1:],
        conv.groups,
    )
    out = out.unflatten(0, (samples, frames)).transpose(1, 2)
    # Strides of a map of 1×1 say anything. PyTorch's batch normalisation believes them,
    # and its gradients were wrong (2.13). Compiled, it expects gradients with strides
    # that batch normalisation then does not give.
    plain = out.shape[3:].numel() == 1 or torch.compiler.is_compiling()
    return out.contiguous() if plain else out


def by_lines(conv: nn.Conv3d, x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve (N, C, T, H, W) by a kernel (k, 1, 1): maps (T, H·W), without copies."""
    out = F.conv2d(
        x.flatten(3),
        weight.flatten(3),
        bias,
        (conv.stride[0], 1),
        (cast(tuple[int, ...], conv.padding)[0], 0),
        (conv.dilation[0], 1),
        conv.groups,
    )
    return out.unflatten(3, x.shape[3:])


WAYS: dict[str, Compute] = {'frames': by_frames, 'lines': by_lines}


def ways_of(conv: nn.Module) -> list[str]:
    """Name the ways to compute a layer, ``'direct'`` first; none if it is no Conv3d.

    Layers of classes that compute something of their own are not touched, nor are
    paddings other than zeros.
    """
    if not isinstance(conv, nn.Conv3d) or not _is_plain(conv):
        return []
    ways = [DIRECT]
    time, *space = zip(conv.kernel_size, conv.stride, conv.padding)
    if time == (1, 1, 0):
        ways.append('frames')
    if space == [(1, 1, 0), (1, 1, 0)]:
        ways.append('lines')
    return ways


def _is_plain(conv: nn.Conv3d) -> bool:
    own = type(conv)
    return (
        own.forward in (nn.Conv3d.forward, wrappers.Conv3d.forward)
        and own._conv_forward is nn.Conv3d._conv_forward
        and conv.padding_mode == 'zeros'
        and not isinstance(conv.padding, str)
    )


def compute(conv: nn.Conv3d, way: str) -> None:
    """Let a layer compute in another way from now on.

    Args:
        conv: A layer.
        way: One of its :func:`ways_of`.
    """
    # On the instance: its class, its weights' names and whoever looks at them stay.
    if way == DIRECT:
        vars(conv).pop('_conv_forward', None)
    else:
        vars(conv)['_conv_forward'] = MethodType(WAYS[way], conv)
