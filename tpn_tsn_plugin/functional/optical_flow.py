"""Optical flow: estimating it, and storing it as grey levels.

Shape letters: H and W pixels, T frames. A field is (H, W, 2): how far each pixel
moves from one frame to the next, x to the right and y downwards, in pixels. Stored
fields are grey levels, 0 to 255, with the same channels; a stack of L of them has 2L
channels, x and y in turn.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .optical_flow_algorithms import (
    ALGORITHMS,
    Field,
    Levels,
    Pair,
    Parameters,
    complete_parameters,
)

# Farther than this, in pixels, published extractions clip.
BOUND = 20.0
Array = NDArray[Any]

__all__ = [
    'ALGORITHMS',
    'BOUND',
    'complete_parameters',
    'dequantise',
    'estimate',
    'estimate_pairs',
    'invert_horizontal',
    'quantise',
    'require_bound',
]


def estimate(
    frames: Iterable[Levels],
    algorithm: str = 'dis',
    parameters: Parameters | None = None,
) -> Iterator[Field]:
    """Estimate optical flow between neighbouring frames.

    Args:
        frames: T grey frames, (H, W) each, all of one size.
        algorithm: A key of ``ALGORITHMS``: ``'dis'``, dense inverse search (Kroeger
            et al., ECCV 2016); ``'tvl1'``, the duality-based TV-L1 (Zach et al., DAGM
            2007) of OpenCV, and ``'tvl1_torch'``, the same in PyTorch and faster, on
            PyTorch's default device (``with torch.device('cuda'):``);
            ``'farneback'``, polynomial expansion (Farnebäck, SCIA 2003).
        parameters: Parameters of the algorithm that differ from its defaults.

    Returns:
        T - 1 fields, (H, W, 2), in pixels, as they are asked for: from each frame to
        the one after it.

    Raises:
        ValueError: There is no such algorithm or parameter, or frames are not grey,
            differ in size or are too small.
        MissingDependencyError: The algorithm is not installed.
    """
    return estimate_pairs(pairwise(frames), algorithm, parameters)


def estimate_pairs(
    pairs: Iterable[Pair],
    algorithm: str = 'dis',
    parameters: Parameters | None = None,
) -> Iterator[Field]:
    """Estimate optical flow within pairs of frames.

    Args:
        pairs: Pairs of grey frames, (H, W) each, all of one size.
        algorithm: As in :func:`estimate`.
        parameters: As in :func:`estimate`.

    Returns:
        One field a pair, (H, W, 2): from its first frame to its second.

    Raises:
        ValueError: As in :func:`estimate`.
        MissingDependencyError: The algorithm is not installed.
    """
    values = complete_parameters(algorithm, parameters)
    return ALGORITHMS[algorithm].run(_checked(pairs), values)


def _checked(pairs: Iterable[Pair]) -> Iterator[Pair]:
    shape = None
    for pair in pairs:
        for frame in pair:
            if frame.ndim != 2 or frame.dtype != np.uint8:
                raise ValueError(
                    'optical flow needs grey frames of shape (H, W) and type uint8, '
                    f'got shape {frame.shape} and type {frame.dtype}'
                )
            if shape not in (None, frame.shape):
                raise ValueError(
                    f'optical flow needs frames of one shape, got {shape} and then '
                    f'{frame.shape}'
                )
            shape = frame.shape
        before, after = pair
        # Crops are not contiguous, and OpenCV refuses them.
        yield np.ascontiguousarray(before), np.ascontiguousarray(after)


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
    require_bound(bound)
    levels = np.clip(field, -bound, bound, dtype=np.result_type(field, np.float32))
    # In place: training input spends a tenth of its time here.
    levels += bound
    levels /= 2 * bound
    levels *= 255
    return np.rint(levels, out=levels).astype(np.uint8)


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
    require_bound(bound)
    share = levels.astype(np.float32) / np.float32(255)
    return (share * 2 - 1) * np.float32(bound)


def require_bound(bound: float) -> None:
    """Check a bound of :func:`quantise`.

    Raises:
        ValueError: It is no number of pixels above 0.
    """
    if not isinstance(bound, Real) or not bound > 0:
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
