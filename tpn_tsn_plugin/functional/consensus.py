"""Consensus: the function G that turns the scores of K segments into one.

Shape letters: N samples (videos times views), K segments, C channels. Scores are
(N, K, classes), results (N, classes). Source: the five aggregation functions of
Temporal Segment Networks (TPAMI 2018), section "Aggregation Function and Analysis".
"""

import torch
from torch import Tensor

from tpn_tsn_plugin.errors import require_positive_int


def average_consensus(scores: Tensor) -> Tensor:
    """Mean over the segments."""
    return scores.mean(dim=1)


def max_consensus(scores: Tensor) -> Tensor:
    """Largest score over the segments, class by class.

    The gradient goes to one segment a class, the first among equals.
    """
    # amax would share the gradient among equals, which the formula does not.
    return scores.max(dim=1).values


def topk_consensus(scores: Tensor, k: int) -> Tensor:
    """Mean of the k largest scores, class by class.

    Args:
        scores: (N, K, classes).
        k: How many segments count, from 1 (the maximum) to K (the mean).

    Raises:
        ValueError: ``k`` is no number from 1 to K.
    """
    require_positive_int('k', k)
    segments = scores.shape[1]
    if k > segments:
        raise ValueError(
            f'k={k} must not exceed the number of segments, got {segments}; lower k '
            "or raise num_clips of the sampler (training's and testing's)"
        )
    return scores.topk(k, dim=1, sorted=False).values.mean(dim=1)


def linear_consensus(scores: Tensor, weight: Tensor) -> Tensor:
    """Sum of the segments' scores, each with a weight of its own.

    Args:
        scores: (N, K, classes).
        weight: (K,).

    Raises:
        ValueError: There are more or fewer weights than segments.
    """
    if scores.shape[1] != len(weight):
        raise ValueError(
            f'LinearConsensus has weights for num_segments={len(weight)}, got '
            f'{scores.shape[1]} segments; give as many (num_clips of the sampler), or '
            'set test_consensus of the head to a consensus that takes any number'
        )
    return torch.einsum('nkc,k->nc', scores, weight)


def attention_energies(features: Tensor, weight: Tensor) -> Tensor:
    """What a segment's features say about its importance, e_k = w_att · R_k.

    Args:
        features: (N, K, C).
        weight: w_att of shape (C,), shared by all segments.

    Returns:
        (N, K).

    Raises:
        ValueError: The features have another number of channels.
    """
    if features.shape[2] != len(weight):
        raise ValueError(
            f'in_channels={len(weight)} of the attention must equal the channels of '
            f'the features, got {features.shape[2]}'
        )
    return features @ weight


def attention_consensus(scores: Tensor, features: Tensor, weight: Tensor) -> Tensor:
    """Sum of the scores weighted by A = softmax over the segments of w_att · R_k.

    Args:
        scores: (N, K, classes).
        features: R, (N, K, C).
        weight: w_att, (C,).

    Raises:
        ValueError: The features have another number of channels.
    """
    attention = attention_energies(features, weight).softmax(dim=1)
    return torch.einsum('nkc,nk->nc', scores, attention)
