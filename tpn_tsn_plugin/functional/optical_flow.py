"""Optical flow: estimating it, and storing it as grey levels.

Shape letters: H and W pixels, T frames. A field is (H, W, 2): how far each pixel
moves from one frame to the next, x to the right and y downwards, in pixels. Stored
fields are grey levels, 0 to 255, with the same channels; a stack of L of them has 2L
channels, x and y in turn.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import require_one_of

# Farther than this, in pixels, published extractions clip.
BOUND = 20.0
# Sides in pixels: OpenCV's dense inverse search crashes below the first, and needs full
# resolution below the second, where objects measure a few pixels.
LEAST_SIDE, SMALL_SIDE = 16, 128

Array = NDArray[Any]
Field = NDArray[np.float32]
Levels = NDArray[np.uint8]
# OpenCV's ``DenseOpticalFlow``; its annotations demand a buffer that calc need not get.
Estimator = Any


def _dis(shape: tuple[int, ...]) -> Estimator:
    if min(shape) < LEAST_SIDE:
        raise ValueError(
            f"algorithm 'dis' needs frames of at least {LEAST_SIDE} pixels a side, "
            f'got shape {shape}'
        )
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    if min(shape) < SMALL_SIDE:
        estimator.setFinestScale(0)
    return estimator


# Each makes an estimator for frames of a shape, new ones because they keep buffers.
ALGORITHMS: dict[str, Callable[[tuple[int, ...]], Estimator]] = {'dis': _dis}


def estimate(frames: Iterable[Levels], algorithm: str = 'dis') -> Iterator[Field]:
    """Estimate optical flow between neighbouring frames.

    Args:
        frames: T grey frames, (H, W) each, all of one size.
        algorithm: A key of ``ALGORITHMS``; ``'dis'`` is dense inverse search (Kroeger
            et al., ECCV 2016).

    Yields:
        T - 1 fields, (H, W, 2), in pixels: from each frame to the one after it.

    Raises:
        ValueError: There is no such algorithm, or frames are not grey, differ in size
            or are too small.
    """
    require_one_of('algorithm', algorithm, ALGORITHMS)
    remaining = iter(frames)
    before = next(remaining, None)
    if before is None:
        return
    if before.ndim != 2 or before.dtype != np.uint8:
        raise ValueError(
            'optical flow needs grey frames of shape (H, W) and type uint8, got '
            f'shape {before.shape} and type {before.dtype}'
        )
    estimator = ALGORITHMS[algorithm](before.shape)
    for frame in remaining:
        if frame.shape != before.shape or frame.dtype != before.dtype:
            raise ValueError(
                'optical flow needs frames of one shape and type, got '
                f'{before.shape} {before.dtype} and then {frame.shape} {frame.dtype}'
            )
        yield estimator.calc(before, frame, None)
        before = frame


def quantise(field: Array, bound: float = BOUND) -> Levels:
    """Clip a field to ±bound and map it to grey levels.

    The mapping is that of the published extractions (dense_flow and its descendants):
    -bound becomes 0, +bound 255, no motion 128.

    Args:
        field: Displacements in pixels, any shape.
        bound: Largest displacement that is told from larger ones, in pixels.

    Returns:
        Grey levels of the same shape.

    Raises:
        ValueError: ``bound`` is not positive.
    """
    _require_bound(bound)
    share = (np.clip(field, -bound, bound) + bound) / (2 * bound)
    return np.rint(255 * share).astype(np.uint8)


def dequantise(levels: Array, bound: float = BOUND) -> Field:
    """Map grey levels back to pixels; off by half a level, bound / 255, at most.

    Args:
        levels: Grey levels of any shape.
        bound: The bound that they were quantised with.

    Returns:
        Displacements in pixels, of the same shape.

    Raises:
        ValueError: ``bound`` is not positive.
    """
    _require_bound(bound)
    share = levels.astype(np.float32) / np.float32(255)
    return (share * 2 - 1) * np.float32(bound)


def _require_bound(bound: float) -> None:
    if not bound > 0:
        raise ValueError(f'bound must be a number of pixels above 0, got {bound!r}')


def invert_horizontal(levels: Array) -> None:
    """Turn rightward motion of stored fields into leftward motion, in place.

    This is what mirroring the picture does to the displacements, beside moving them;
    vertical ones stay.

    Args:
        levels: (..., 2L), x and y in turn.

    Raises:
        ValueError: The number of channels is odd.
    """
    if levels.shape[-1] % 2:
        raise ValueError(
            'optical flow needs pairs of channels (x, y), got '
            f'{levels.shape[-1]} channels'
        )
    np.subtract(255, levels[..., 0::2], out=levels[..., 0::2])
