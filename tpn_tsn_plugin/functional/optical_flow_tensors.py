"""From colour frames to stored fields on any device, as the CPU's way does it.

Shape letters: B snippets, L fields of a snippet, H and W pixels. What comes out equals
OpenCV's grey frames and :func:`~.optical_flow.quantise`, number for number.
"""

import torch
from torch import Tensor

# OpenCV's weights of red, green and blue, in units of 2 ** -15.
GREY_WEIGHTS, GREY_BITS = (9798, 19235, 3735), 15


def grey_frames(frames: Tensor) -> Tensor:
    """Make colour frames grey.

    Args:
        frames: RGB, (B, 3, ...) uint8.

    Returns:
        Grey levels, (B, ...) uint8.

    Raises:
        ValueError: Frames are not uint8, or have another number of channels.
    """
    if frames.dtype != torch.uint8 or frames.shape[1] != 3:
        raise ValueError(
            'optical flow is computed from RGB frames of type uint8 as they were '
            f'decoded, got {frames.dtype} with {frames.shape[1]} channels'
        )
    channels = frames.int().unbind(1)
    red, green, blue = (c * w for c, w in zip(channels, GREY_WEIGHTS, strict=True))
    half = 1 << (GREY_BITS - 1)
    return ((red + green + blue + half) >> GREY_BITS).to(torch.uint8)


def quantise_fields(fields: Tensor, bound: float) -> Tensor:
    """Clip fields to ±bound and map them to grey levels, as JPEG files hold them.

    Args:
        fields: Displacements in pixels, any shape.
        bound: Largest displacement that is told from larger ones, in pixels.

    Returns:
        Whole numbers 0 to 255, uint8.
    """
    share = (fields.clamp(-bound, bound) + bound) / (2 * bound)
    return (255 * share).round().to(torch.uint8)
