"""Bringing the maps of a temporal pyramid to one size.

Shape letters: N samples, C channels, T time, H height, W width. All maps are
(N, C, T, H, W).
"""

import math
from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor


def extent(x: Tensor) -> tuple[int, int, int]:
    """(T, H, W) of a map (N, C, T, H, W) as plain numbers, also while tracing."""
    time, height, width = (int(size) for size in x.shape[2:])
    return time, height, width


def sample_in_time(x: Tensor, rate: int) -> Tensor:
    """Keep every ``rate``-th time step, beginning with the first.

    This is how a single-depth pyramid gets its levels (TPN paper, section 3.1).

    Args:
        x: Map of shape (N, C, T, H, W).
        rate: Sampling rate, at least 1.

    Returns:
        Map of shape (N, C, ceil(T / rate), H, W).
    """
    return x[:, :, ::rate]


def max_pool_to(x: Tensor, size: Sequence[int]) -> Tensor:
    """Max-pool a map to a given size.

    Where windows of equal length give the size (the last one may be cut short), those
    are used, so that pooling by a whole factor is ordinary max-pooling in ceil mode.
    Otherwise the windows are those of adaptive pooling.

    Args:
        x: Map of shape (N, C, T, H, W).
        size: (T', H', W'), none larger than the map's own.

    Returns:
        Map of shape (N, C, T', H', W'); ``x`` itself if it has that size.
    """
    have, want = extent(x), tuple(size)
    if have == want:
        return x
    window = [math.ceil(h / w) for h, w in zip(have, want)]
    if want == tuple(math.ceil(h / step) for h, step in zip(have, window)):
        return F.max_pool3d(x, window, window, ceil_mode=True)
    return F.adaptive_max_pool3d(x, want)


def resize(x: Tensor, size: Sequence[int]) -> Tensor:
    """Bring a map to a given size: max-pool what is longer, repeat what is shorter.

    The parameter-free part of ``g`` in eq. 2 of the TPN paper (section 3.2).

    Args:
        x: Map of shape (N, C, T, H, W).
        size: (T', H', W').

    Returns:
        Map of shape (N, C, T', H', W'); ``x`` itself if it has that size.
    """
    want = tuple(size)
    x = max_pool_to(x, [min(h, w) for h, w in zip(extent(x), want)])
    if extent(x) == want:
        return x
    return F.interpolate(x, size=want, mode='nearest')
