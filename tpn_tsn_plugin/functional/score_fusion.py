"""Score fusion: the saved predictions of several streams become one.

TSN (Wang et al., ECCV 2016, section 3.3) fuses class scores before softmax: RGB with
weight 1, optical flow with 1.5. A file of predictions mostly holds probabilities. Where
one view of a sample was tested, their logarithm equals its scores up to a constant,
which changes neither the order of the classes nor the softmax of a fusion. Where
several were, their mean probability takes the place of the softmax of their mean score.

Shape letters: S streams, N samples, C classes.
"""

from collections.abc import Sequence

import numpy as np
from mmaction.evaluation import mean_average_precision, top_k_accuracy
from numpy.typing import NDArray
from scipy.special import (  # type: ignore[import-untyped]
    expit,
    logit,
    softmax,
)

from tpn_tsn_plugin.errors import require_one_of

ACTIVATIONS = ('softmax', 'sigmoid')
METRICS = ('top1', 'top5', 'mean_class_accuracy', 'mean_average_precision')
# Sums of half-precision probabilities are off by less than this.
SUM_TOLERANCE = 0.01


def find_activation(values: NDArray) -> str | None:
    """Tell from predictions (N, C) what they went through.

    Returns:
        ``'softmax'`` where each sample's values are probabilities of sum 1,
        ``'sigmoid'`` where they are probabilities of another sum, None for scores.
    """
    if values.min() < 0 or values.max() > 1 + SUM_TOLERANCE:
        return None
    sums = values.sum(axis=1, dtype=np.float64)
    if np.abs(sums - 1).max() <= SUM_TOLERANCE:
        return 'softmax'
    return 'sigmoid' if values.max() <= 1 else None


def before_activation(values: NDArray, activation: str | None) -> NDArray[np.float64]:
    """Undo softmax (up to a constant per sample) or sigmoid.

    A probability of 0, or of 1 after a sigmoid, stands for one that its number type
    cannot hold, and counts as the nearest that it can.

    Args:
        values: Predictions (N, C).
        activation: What they went through; None leaves them as they are.
    """
    if activation is None:
        return values.astype(np.float64)
    limits = np.finfo(values.dtype)
    least = float(limits.smallest_subnormal)
    most = 1 - float(limits.epsneg) if activation == 'sigmoid' else None
    held = np.clip(values.astype(np.float64), least, most)
    return np.log(held) if activation == 'softmax' else logit(held)


def activate(scores: NDArray, activation: str) -> NDArray:
    """Probabilities of scores (N, C).

    Raises:
        ValueError: ``activation`` is unknown.
    """
    require_one_of('activation', activation, ACTIVATIONS)
    return softmax(scores, axis=1) if activation == 'softmax' else expit(scores)


def check_weights(weights: Sequence[float], num_streams: int) -> NDArray[np.float64]:
    """Check the weights of streams.

    Returns:
        The weights (S,), of sum 1.

    Raises:
        ValueError: Their number is not that of the streams, one is negative or not
            finite, or all are 0.
    """
    given = ', '.join(f'{weight:g}' for weight in weights)
    if len(weights) != num_streams:
        raise ValueError(
            f'{num_streams} streams need {num_streams} weights, one each in their '
            f'order, got {len(weights)} ({given})'
        )
    array = np.asarray(weights, dtype=np.float64)
    if not np.isfinite(array).all() or (array < 0).any() or not array.any():
        raise ValueError(
            f'weights must be numbers from 0 on, and not all of them 0, got {given}'
        )
    return array / array.sum()


def weighted_mean(streams: NDArray, weights: Sequence[float]) -> NDArray[np.float64]:
    """Fuse predictions (S, N, C) to (N, C): their mean, each with its stream's weight.

    So a fusion of a fusion is the fusion of all, if it is given the sum of its weights.

    Raises:
        ValueError: The weights do not fit, see :func:`check_weights`.
    """
    return np.tensordot(check_weights(weights, len(streams)), streams, axes=1)


def evaluate(probabilities: NDArray, labels: NDArray) -> dict[str, float]:
    """Measure predictions.

    MMAction2's mean class accuracy counts a class that was predicted, but has no
    sample, as one that is never right. Here, as in the average precision, a class
    without a sample has no value.

    Args:
        probabilities: (N, C).
        labels: Class indices (N,), or several labels a sample as (N, C) of booleans.

    Returns:
        Values from 0 to 1 of those ``METRICS`` that mean something: with several labels
        a sample only the mean average precision, with up to five classes no ``top5``.
    """
    num_classes = probabilities.shape[1]
    found: dict[str, float] = {}
    if labels.ndim == 1:
        tops = (1, 5) if num_classes > 5 else (1,)
        accuracies = top_k_accuracy(probabilities, labels, tops)
        found.update({f'top{k}': float(a) for k, a in zip(tops, accuracies)})
        right = probabilities.argmax(axis=1) == labels
        found['mean_class_accuracy'] = mean_over_classes(right, labels)
    found['mean_average_precision'] = mean_ap(probabilities, labels)
    return found


def mean_over_classes(right: NDArray, labels: NDArray) -> float:
    """Mean share of right samples over the classes that have samples.

    Args:
        right: Whether each sample is right, (N,).
        labels: Class indices (N,).
    """
    counts = np.bincount(labels)
    hits = np.bincount(labels, weights=right)
    return float((hits[counts > 0] / counts[counts > 0]).mean())


def mean_ap(probabilities: NDArray, labels: NDArray) -> float:
    """MMAction2's mean average precision, over the classes that have samples.

    Args:
        probabilities: (N, C).
        labels: As in :func:`evaluate`.
    """
    if labels.ndim == 1:
        labels = labels[:, None] == np.arange(probabilities.shape[1])
    there = labels.any(axis=0)
    return float(
        mean_average_precision(list(probabilities[:, there]), list(labels[:, there]))
    )
