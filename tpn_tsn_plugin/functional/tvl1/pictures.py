"""Pictures made smaller, differentiated and looked up at other places.

Shape letters: N pairs, C channels, H and W pixels.
"""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from .parameters import TVL1Parameters

# Pixels a side that the smallest pictures of a pyramid have at least, as OpenCV's.
LEAST_SIDE = 16


def pyramid(frames: Tensor, parameters: TVL1Parameters) -> list[Tensor]:
    """Make frames (N, C, H, W) smaller and smaller, the frames themselves first."""
    scales = [frames]
    for _ in range(parameters.scales_number - 1):
        smaller = shrink(scales[-1], parameters.scale_step)
        if min(smaller.shape[2:]) < LEAST_SIDE:
            break
        scales.append(smaller)
    return scales


def shrink(frames: Tensor, factor: float) -> Tensor:
    """Make pictures smaller as OpenCV's ``resize`` does when it is given a factor.

    Args:
        frames: (N, C, H, W).
        factor: Between 0 and 1.

    Returns:
        Bilinear samples ``1 / factor`` pixels apart, round(factor · H) × round(factor ·
        W) of them; PyTorch would round down, or change their distance.
    """
    height, width = (round(side * factor) for side in frames.shape[2:])
    beyond = math.ceil(1 / factor)
    padded = F.pad(frames, (0, beyond, 0, beyond), mode='replicate')
    smaller = F.interpolate(
        padded, scale_factor=factor, mode='bilinear', recompute_scale_factor=False
    )
    return smaller[..., :height, :width].contiguous()


def central_differences(frames: Tensor) -> tuple[Tensor, Tensor]:
    """Half the differences of the two neighbours, along x and along y."""
    padded = F.pad(frames, (1, 1, 1, 1), mode='replicate')
    rows, columns = padded[..., 1:-1, :], padded[..., 1:-1]
    return (
        (rows[..., 2:] - rows[..., :-2]) / 2,
        (columns[..., 2:, :] - columns[..., :-2, :]) / 2,
    )


def on_canvas(frames: Tensor) -> Tensor:
    """Extend pictures (N, C, H, W) by zeros to 2ⁿ + 1 pixels a side.

    Then PyTorch's coordinates, which go from -1 to 1, hold whole pixels exactly. Else
    errors of rounding grow from warp to warp at the border of a still picture.
    """
    height, width = frames.shape[2:]
    beyond = [
        2 ** math.ceil(math.log2(side - 1)) + 1 - side for side in (width, height)
    ]
    return F.pad(frames, (0, beyond[0], 0, beyond[1]))


def warp(canvas: Tensor, field: Tensor) -> Tensor:
    """Look up pictures where a field points, bicubic, with zeros beyond the border.

    Args:
        canvas: Pictures (N, C, ...) as :func:`on_canvas` extends them.
        field: (N, 2, H, W), in pixels.

    Returns:
        (N, C, H, W): at each pixel what lies at its end of the field.
    """
    x = torch.arange(field.shape[3], device=field.device) + field[:, 0]
    y = torch.arange(field.shape[2], device=field.device)[:, None] + field[:, 1]
    rows, columns = canvas.shape[2:]
    places = torch.stack((x * (2 / (columns - 1)) - 1, y * (2 / (rows - 1)) - 1), -1)
    return F.grid_sample(
        canvas, places, mode='bicubic', padding_mode='zeros', align_corners=True
    )
