"""Optical flow by TV-L1 as tensor operations, many pairs of frames at once.

Source: Zach, Pock and Bischof, A Duality Based Approach for Realtime TV-L1 Optical Flow
(DAGM 2007); Sánchez Pérez, Meinhardt-Llopis and Facciolo, TV-L1 Optical Flow Estimation
(IPOL 2013), whose numerical scheme this is, with the parameters, the median filter and
the order of work of OpenCV's ``DualTVL1OpticalFlow``. Minimised is

    sum over pixels of |grad u1| + |grad u2| + |u - v|² / (2 theta) + lambda |rho(v)|,

in turns over u and v, where rho(v) = I1(x + u0) + grad I1(x + u0) · (v - u0) - I0(x) is
linear around u0, the displacements at which the second frame was looked up last.

Shape letters: N pairs, C channels, H and W pixels. Displacements u are (N, 2, H, W)
inside: x to the right before y downwards, in pixels.
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

from tpn_tsn_plugin.errors import require_positive_int

from .iteration import step_compiled, step_in_place
from .median import select_median
from .parameters import TVL1Parameters
from .pictures import pyramid
from .scale import Kernels, refine

# Pixels of the pairs that are worked on at once: as a core's cache holds, or on a GPU
# enough to keep it busy, with about 250 bytes of memory each.
PIXELS_AT_ONCE = {'cpu': 2**16, 'gpu': 2**24}
DEFAULTS = TVL1Parameters()


@torch.no_grad()
def estimate_tvl1(
    before: Tensor,
    after: Tensor,
    parameters: TVL1Parameters = DEFAULTS,
    *,
    compiled: bool = False,
    pairs_at_once: int | None = None,
) -> Tensor:
    """Estimate optical flow within pairs of grey frames, on their device.

    A pair's field depends on no other pair.

    Args:
        before: Grey levels 0 to 255, (N, H, W), uint8 or floating point.
        after: The frames after them.
        parameters: Parameters of the method.
        compiled: Whether the iteration is compiled (``torch.compile``), which takes a
            minute once and pays for many pairs.
        pairs_at_once: Pairs that are worked on together; None takes few on the CPU, one
            where frames are large, and many on a GPU.

    Returns:
        Displacements from ``before`` to ``after``, (N, H, W, 2) float32, in pixels.

    Raises:
        ValueError: Shapes differ or are not (N, H, W), or frames are too small.
        MissingDependencyError: There is no compiler to compile with.
    """
    if before.ndim != 3 or before.shape != after.shape or min(before.shape[1:]) < 2:
        raise ValueError(
            'TV-L1 needs two tensors of grey frames (N, H, W) of 2 pixels a side or '
            f'more, got shapes {tuple(before.shape)} and {tuple(after.shape)}'
        )
    device, (pairs, height, width) = before.device, before.shape
    if pairs_at_once is None:
        pairs_at_once = pairs_that_fit(height, width, device)
    require_positive_int('pairs_at_once', pairs_at_once)
    fields = torch.empty((pairs, height, width, 2), device=device)
    kernels = _compiled() if compiled else Kernels(step_in_place, select_median)
    # Training may have switched to half precision around this.
    with torch.autocast(device.type, enabled=False):
        for start in range(0, pairs, pairs_at_once):
            part = slice(start, start + pairs_at_once)
            frames = before[part, None].float(), after[part, None].float()
            fields[part] = _estimate(*frames, parameters, kernels).permute(0, 2, 3, 1)
    return fields


@cache
def _compiled() -> Kernels:
    return Kernels(step_compiled, torch.compile(select_median, dynamic=True))


def pairs_that_fit(height: int, width: int, device: torch.device) -> int:
    """Pairs of a size that are worked on together where nobody says how many."""
    pixels = PIXELS_AT_ONCE['cpu' if device.type == 'cpu' else 'gpu']
    return max(1, pixels // (height * width))


def _estimate(
    before: Tensor, after: Tensor, parameters: TVL1Parameters, kernels: Kernels
) -> Tensor:
    """From the coarsest scale to the frames themselves, (N, 1, H, W) float32."""
    scales = list(zip(*(pyramid(x, parameters) for x in (before, after)), strict=True))
    first, second = scales.pop()
    field = first.new_zeros((len(first), 2, *first.shape[2:]))
    field = refine(field, first, second, parameters, kernels)
    for first, second in reversed(scales):
        field = F.interpolate(field, size=first.shape[2:], mode='bilinear')
        field /= parameters.scale_step
        field = refine(field, first, second, parameters, kernels)
    return field
