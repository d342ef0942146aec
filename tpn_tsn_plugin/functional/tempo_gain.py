"""What the gain of a model has to do with the variance of visual tempo.

Source: Temporal Pyramid Network (Yang et al., CVPR 2020), section 4.3 and Figure 4.

Shape letters: P classes or other points.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import (  # type: ignore[import-untyped]
    linregress,
    norm,
    pearsonr,
    spearmanr,
)

from tpn_tsn_plugin.errors import require_one_of, require_positive_int

CORRELATIONS = {'pearson': pearsonr, 'spearman': spearmanr}
BINS = ('classes', 'variance')
LEAST_FOR_CORRELATION = 3
# Fisher's interval divides by sqrt(P - 3).
LEAST_FOR_INTERVAL = 4


@dataclass(frozen=True)
class Correlation:
    """How two quantities go together.

    Attributes:
        kind: A key of ``CORRELATIONS``.
        coefficient: From -1 to 1.
        low: Lower end of the 95 % confidence interval; NaN below four points.
        high: Its upper end.
        p_value: Two-sided, against a coefficient of 0.
        count: Number of points.
    """

    kind: str
    coefficient: float
    low: float
    high: float
    p_value: float
    count: int


def can_correlate(x: ArrayLike, y: ArrayLike) -> bool:
    """Whether there are three points (P,) or more that differ on both sides."""
    left, right = np.asarray(x, np.float64), np.asarray(y, np.float64)
    enough = len(left) >= LEAST_FOR_CORRELATION
    return enough and bool(np.ptp(left) > 0 and np.ptp(right) > 0)


def correlate(x: ArrayLike, y: ArrayLike, kind: str = 'spearman') -> Correlation:
    """Correlation with its 95 % confidence interval, by Fisher's z.

    The variance of z is 1 / (P - 3) for Pearson's coefficient r, and (1 + r² / 2) as
    much for Spearman's (Bonett and Wright, Psychometrika 2000).

    Args:
        x: (P,).
        y: (P,).
        kind: ``'pearson'`` or ``'spearman'``.

    Raises:
        ValueError: There are fewer than three points, or all values of one side are
            equal.
    """
    require_one_of('kind', kind, CORRELATIONS)
    left, right = np.asarray(x, np.float64), np.asarray(y, np.float64)
    count = len(left)
    if not can_correlate(left, right):
        raise ValueError(
            f'a correlation needs three points or more that differ, got {count} with '
            f'{len(np.unique(left))} and {len(np.unique(right))} different values'
        )
    found = CORRELATIONS[kind](left, right)
    coefficient = float(found.statistic)
    low = high = np.nan
    if count >= LEAST_FOR_INTERVAL:
        spread = 1 + (coefficient**2 / 2 if kind == 'spearman' else 0)
        reach = norm.ppf(0.975) * np.sqrt(spread / (count - 3))
        # A coefficient of 1 has no finite z.
        centre = np.arctanh(np.clip(coefficient, -1 + 1e-15, 1 - 1e-15))
        low, high = np.tanh([centre - reach, centre + reach]).tolist()
    return Correlation(kind, coefficient, low, high, float(found.pvalue), count)


def fit_line(x: ArrayLike, y: ArrayLike) -> tuple[float, float]:
    """Slope and intercept of the least-squares line through points (P,).

    Both are NaN where all points have one x, so that no line is the best.
    """
    places = np.asarray(x, np.float64)
    if np.ptp(places) == 0:
        return np.nan, np.nan
    line = linregress(places, np.asarray(y, np.float64))
    return float(line.slope), float(line.intercept)


def bin_means(
    variances: ArrayLike, gains: ArrayLike, *, by: str = 'classes', size: float = 10
) -> list[tuple[float, float, int]]:
    """Mean gain of classes that are near each other in variance.

    The paper divides the classes, sorted by variance, "into bins with an interval of
    10", which is read here as ten neighbouring classes a bin; its Figure 4 speaks of "a
    bin of variance", which is the other reading.

    Args:
        variances: (P,).
        gains: (P,).
        by: ``'classes'``: ``size`` classes a bin, fewer in the last; ``'variance'``:
            from 0 on, ``size`` units of variance a bin, empty ones left out.
        size: How much is in a bin.

    Returns:
        For each bin the mean variance, the mean gain and the number of classes.

    Raises:
        ValueError: ``by`` is unknown, or ``size`` not above 0 or no number of classes.
    """
    require_one_of('by', by, BINS)
    x, y = np.asarray(variances, np.float64), np.asarray(gains, np.float64)
    order = np.argsort(x, kind='stable')
    if by == 'classes':
        require_positive_int('size', int(size) if size == int(size) else size)
        bins: Sequence[NDArray] = np.split(order, range(int(size), len(x), int(size)))
    else:
        if not size > 0:
            raise ValueError(f'size must be above 0, got {size!r}')
        places = np.floor(x[order] / size)
        bins = np.split(order, np.flatnonzero(np.diff(places)) + 1)
    return [
        (float(x[b].mean()), float(y[b].mean()), len(b)) for b in bins if len(b) > 0
    ]
