"""Weights of stream fusion that do best on validation data.

Shape letters: S streams, N samples, C classes.
"""

import math
from collections.abc import Callable
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import require_one_of

from .score_fusion import activate, mean_ap, mean_over_classes

# What weights are searched by, with the most weightings that are tried: an average
# precision sorts all samples once a class.
SEARCH_METRICS = {
    'top1': 2000,
    'mean_class_accuracy': 2000,
    'mean_average_precision': 250,
}
# Steps from weight 0 to weight 1; the finest that keeps to the number above.
STEPS = (100, 50, 20, 10, 5, 4, 3, 2, 1)
EQUALLY_GOOD = 1e-12


class FoundWeights(NamedTuple):
    """The outcome of a search for weights.

    Attributes:
        weights: One a stream, of sum 1.
        metric: What they were chosen by.
        value: The metric that they reach.
        tried: Number of weightings that were tried.
    """

    weights: tuple[float, ...]
    metric: str
    value: float
    tried: int


def weight_grid(num_streams: int, most: int) -> NDArray[np.float64]:
    """Weights of sum 1 in equal steps, and equal weights, as (weightings, S).

    Args:
        num_streams: S.
        most: The most weightings, which decides how fine the steps are.
    """
    places = num_streams - 1
    steps = next(s for s in STEPS if math.comb(s + places, places) <= most or s == 1)
    # Each choice of bars among steps and bars is one way to deal out the steps.
    counts = [
        np.diff([-1, *bars, steps + places]) - 1
        for bars in combinations(range(steps + places), places)
    ]
    grid = np.array(counts) / steps
    if steps % num_streams:
        grid = np.vstack([grid, np.full(num_streams, 1 / num_streams)])
    return grid


def search_weights(
    streams: NDArray,
    labels: NDArray,
    *,
    metric: str,
    activation: str | None,
    progress: Callable[[int, int], None] | None = None,
) -> FoundWeights:
    """Search the weights of :func:`~.score_fusion.weighted_mean` on a grid.

    Of several best weightings it takes the one nearest to their mean, so that the
    choice has room on all sides, and is the same each time.

    Args:
        streams: Predictions (S, N, C).
        labels: As in :func:`~.score_fusion.evaluate`.
        metric: One of ``SEARCH_METRICS``.
        activation: What turns fused predictions into probabilities; None if they are.
        progress: Told how many weightings of how many are tried.

    Raises:
        ValueError: There is one stream, or the metric is unknown or has no meaning for
            several labels a sample.
    """
    if len(streams) < 2:
        raise ValueError(f'a search needs two streams or more, got {len(streams)}')
    multi_label = labels.ndim == 2
    known = list(SEARCH_METRICS)[-1:] if multi_label else list(SEARCH_METRICS)
    name = 'metric for several labels a sample' if multi_label else 'metric'
    require_one_of(name, metric, known)
    measure = (
        _ranking(streams, labels, activation)
        if metric == 'mean_average_precision'
        else _contest(streams, labels, metric)
    )
    grid = weight_grid(len(streams), SEARCH_METRICS[metric])
    values = np.empty(len(grid))
    for i, weights in enumerate(grid):
        values[i] = measure(weights)
        if progress is not None:
            progress(i + 1, len(grid))
    best = grid[values >= values.max() - EQUALLY_GOOD]
    nearest = np.linalg.norm(best - best.mean(axis=0), axis=1).argmin()
    weights = tuple(best[nearest].tolist())
    return FoundWeights(weights, metric, float(values.max()), len(grid))


def _ranking(
    streams: NDArray, labels: NDArray, activation: str | None
) -> Callable[[NDArray], float]:
    def measure(weights: NDArray) -> float:
        fused = np.tensordot(weights, streams, axes=1)
        return mean_ap(
            fused if activation is None else activate(fused, activation), labels
        )

    return measure


def _contest(
    streams: NDArray, labels: NDArray, metric: str
) -> Callable[[NDArray], float]:
    """Measure accuracy by the true class's lead over its rivals.

    A class that no stream puts before the true one cannot win under any weights, which
    leaves few rivals to weigh.
    """
    samples = np.arange(len(labels))
    leads = streams[:, samples, labels][..., None] - streams
    rivals = (leads <= 0).any(axis=0)
    rivals[samples, labels] = False
    lead, rival_of = leads[:, rivals], np.nonzero(rivals)[0]

    def measure(weights: NDArray) -> float:
        right = np.ones(len(labels))
        right[rival_of[weights @ lead <= 0]] = 0
        if metric == 'top1':
            return float(right.mean())
        return mean_over_classes(right, labels)

    return measure
