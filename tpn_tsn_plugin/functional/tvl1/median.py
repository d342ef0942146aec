"""The median of each pixel's neighbourhood, on any device.

Shape letters: H and W pixels.
"""

from collections.abc import Callable
from itertools import product

import cv2
import torch
from torch import Tensor
from torch.nn import functional as F


def median_filter(
    planes: Tensor, size: int, select: Callable[[Tensor, int], Tensor]
) -> None:
    """Replace every pixel by the median of its neighbourhood, in place.

    Both ways that this is computed select one of the values, so they give the same
    numbers: OpenCV's on the CPU, where it is fastest, and tensor operations elsewhere.

    Args:
        planes: (..., H, W) float32; pixels beyond the border are those at the border.
        size: Side of the neighbourhood, 3 or 5.
        select: :func:`select_median`, or what was compiled of it.
    """
    if planes.device.type != 'cpu':
        planes.copy_(select(planes, size))
        return
    for plane in planes.flatten(0, -3):
        # A view of the tensor's memory, into which OpenCV writes.
        pixels = plane.numpy()
        cv2.medianBlur(pixels, size, dst=pixels)


def select_median(planes: Tensor, size: int) -> Tensor:
    """Select medians by minima and maxima of whole planes.

    Of a little more than half of the values, neither the smallest nor the largest is
    the median of all; they are dropped, one of the others joins, and so on ("forgetful
    selection").

    Args:
        planes: (..., H, W), as in :func:`median_filter`.
        size: As in :func:`median_filter`.

    Returns:
        The medians, of the same shape.
    """
    height, width = planes.shape[-2:]
    padded = F.pad(planes.flatten(0, -3), 4 * (size // 2,), mode='replicate')
    waiting = [
        padded[..., y : y + height, x : x + width]
        for y, x in product(range(size), repeat=2)
    ]
    kept = waiting[: size * size // 2 + 2]
    for joining in waiting[len(kept) :]:
        kept = [*_without_extremes(kept), joining]
    (middle,) = _without_extremes(kept)
    return middle.view_as(planes)


def _without_extremes(values: list[Tensor]) -> list[Tensor]:
    """Drop the smallest and the largest of three or more values."""
    lows: list[Tensor] = []
    highs: list[Tensor] = []
    middle: list[Tensor] = []
    for first, second in zip(values[::2], values[1::2]):
        lows.append(torch.minimum(first, second))
        highs.append(torch.maximum(first, second))
    if len(values) % 2:
        # The odd one may be either.
        lows.append(values[-1])
    smallest = lows[0]
    for low in lows[1:]:
        middle.append(torch.maximum(smallest, low))
        smallest = torch.minimum(smallest, low)
    if len(values) % 2:
        highs.append(middle.pop())
    largest = highs[0]
    for high in highs[1:]:
        middle.append(torch.minimum(largest, high))
        largest = torch.maximum(largest, high)
    return middle
