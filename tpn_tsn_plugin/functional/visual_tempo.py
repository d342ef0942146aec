"""Visual tempo of action instances, and how much it varies within a class.

Source: Temporal Pyramid Network (Yang et al., CVPR 2020), section 4.3. The tempo of an
instance is the full width at half maximum (FWHM) of the curve that its class's
probability draws over the frames of its video: the wider, the slower. How much tempo
varies within a class is the variance of these widths.

Shape letters: T frames, N instances, P classes.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.ndimage import gaussian_filter1d  # type: ignore[import-untyped]
from scipy.signal import peak_widths  # type: ignore[import-untyped]

from tpn_tsn_plugin.errors import require_one_of

BASELINES = ('zero', 'minimum')
# A top is sharp where so many frames of each flank lie in a line: their steps differ
# from their mean by no more than this part of it.
FLANK_FRAMES = 4
FLANK_TOLERANCE = 0.05


@dataclass(frozen=True)
class Lobe:
    """The part of a curve around its maximum that is above half of it.

    Times are in frames from the middle of the first frame.

    Attributes:
        width: FWHM in frames, ``right - left``.
        left: Where the curve rises through half its maximum.
        right: Where it falls through it.
        peak: Frame of the maximum.
        maximum: The curve's greatest value.
        half: Half of the top, on the curve's own scale: where the width is measured.
        peaks: Lobes that reach half the maximum, this one included.
        censored: Whether the curve is still above half at a border, so that the true
            width may be greater.
    """

    width: float
    left: float
    right: float
    peak: int
    maximum: float
    half: float
    peaks: int
    censored: bool


def half_maximum_lobe(curve: ArrayLike, baseline: str = 'zero') -> Lobe:
    """Measure the full width at half maximum of a curve's main lobe.

    The main lobe is that around the greatest value, the first where several are equal.
    From there the curve is followed to both sides to where it falls to half, between
    two frames along a straight line; other lobes are counted, but add nothing to the
    width. Where the curve does not fall to half before a border, the width ends with
    the outer frame, half a frame beyond its middle, and the lobe is censored. So a flat
    curve, or one of a single frame, is as wide as its number of frames.

    The top is the greatest value that a frame has, or a sharp one between two frames,
    which :func:`_sharp_top` finds: so the width of a triangle is right wherever its top
    is, if each flank has four frames. Of a rounded top so little is missed that the
    width of a Gaussian of 9 frames or more is right to 1 %.

    Args:
        curve: Probabilities (T,).
        baseline: What half is counted from: ``'zero'`` (the paper), or ``'minimum'``,
            the curve's least value, for a class that is never quite absent.

    Raises:
        ValueError: The curve is empty or not (T,), has a value that is no finite
            number, or is nowhere above its baseline: a curve of zeros, or a flat one
            above its minimum.
    """
    require_one_of('baseline', baseline, BASELINES)
    values = np.asarray(curve, dtype=np.float64)
    if values.ndim != 1 or not len(values):
        raise ValueError(f'a curve has a value a frame, got shape {values.shape}')
    if not np.isfinite(values).all():
        raise ValueError(
            f'a curve has {np.count_nonzero(~np.isfinite(values))} values that are no '
            'finite numbers'
        )
    base = values.min() if baseline == 'minimum' else 0
    above = values - base
    peak = int(above.argmax())
    if above[peak] <= 0:
        least, most = values.min(), values.max()
        raise ValueError(
            f'a curve from {least:g} to {most:g} is nowhere above its baseline '
            f'({baseline}) and has no width'
        )
    last = len(above) - 1
    half = _sharp_top(above, peak) / 2
    inside = above > half
    left, right = _crossings(above, peak, half) if last else (0.0, 0.0)
    cut_left, cut_right = inside[: peak + 1].all(), inside[peak:].all()
    left, right = (-0.5 if cut_left else left), (last + 0.5 if cut_right else right)
    return Lobe(
        width=right - left,
        left=left,
        right=right,
        peak=peak,
        maximum=float(values[peak]),
        half=float(base + half),
        peaks=int(inside[0]) + int(np.count_nonzero(inside[1:] & ~inside[:-1])),
        censored=bool(cut_left or cut_right),
    )


def smooth_curve(curve: ArrayLike, sigma: float) -> NDArray[np.float64]:
    """Smooth a curve, so that a doubtful frame does not cut its lobe in two.

    A Gaussian of standard deviation s widens a Gaussian lobe of width w to
    sqrt(w² + 5.55 s²); what follows the last frame counts as equal to it.

    Args:
        curve: Probabilities (T,).
        sigma: Standard deviation in frames; 0 leaves the curve as it is.

    Raises:
        ValueError: ``sigma`` is below 0.
    """
    if not 0 <= sigma < np.inf:
        raise ValueError(f'sigma must be a number from 0 on, got {sigma!r}')
    values = np.asarray(curve, dtype=np.float64)
    if sigma == 0:
        return values
    return np.asarray(gaussian_filter1d(values, sigma, mode='nearest'))


def _sharp_top(above: NDArray[np.float64], peak: int) -> float:
    """The top of a curve that is sharp between two frames, else its maximum.

    Where the four frames on each side of the top lie in a line, the top is where both
    lines meet. The rule is our own (the paper tells of none) and careful: it leaves
    alone the tops that are round, flat or noisy, and those next to a border. Three
    frames a side would do for triangles, but are in a line in narrow Gaussians as well.

    Args:
        above: Values over the baseline (T,).
        peak: Frame of the maximum.
    """
    for before in (peak - 1, peak):
        start, after = before - FLANK_FRAMES + 1, before + 1
        if start < 0 or after + FLANK_FRAMES > len(above):
            continue
        rise = _slope(above[start:after])
        fall = _slope(above[after : after + FLANK_FRAMES])
        if rise is None or fall is None or not rise > 0 > fall:
            continue
        way = (above[after] - fall - above[before]) / (rise - fall)
        if 0 <= way <= 1:
            return float(max(above[before] + rise * way, above[peak]))
    return float(above[peak])


def _slope(values: NDArray[np.float64]) -> float | None:
    """Mean step of values that lie in a line, None for others."""
    steps = np.diff(values)
    mean = float(steps.mean())
    straight = np.abs(steps - mean).max() <= FLANK_TOLERANCE * abs(mean)
    return mean if straight else None


def _crossings(
    above: NDArray[np.float64], peak: int, half: float
) -> tuple[float, float]:
    """Where a curve crosses half its top on both sides, or its borders."""
    # Counted from zero, whatever is between two peaks.
    whole = np.array([above[peak]]), np.array([0]), np.array([len(above) - 1])
    _, _, left, right = peak_widths(
        above, [peak], rel_height=1 - half / above[peak], prominence_data=whole
    )
    return float(left[0]), float(right[0])


def class_variances(
    widths: ArrayLike, labels: ArrayLike, num_classes: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Variance of visual tempo within each class.

    Args:
        widths: Widths of instances (N,).
        labels: Their classes (N,).
        num_classes: P.

    Returns:
        Variances (P,), unbiased, in the square of the widths' unit and NaN for a class
        of fewer than two instances; and the numbers of instances (P,).
    """
    values, own = np.asarray(widths, np.float64), np.asarray(labels, np.int64)
    counts = np.bincount(own, minlength=num_classes)
    variances = np.full(num_classes, np.nan)
    for label in np.flatnonzero(counts > 1):
        variances[label] = values[own == label].var(ddof=1)
    return variances, counts
