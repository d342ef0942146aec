"""The five consensus modules of temporal segment networks.

All take scores (N, K, classes) and features (N, K, C) and return (N, classes); those
that learn nothing from the features leave them aside. Shape letters: N samples (videos
times views), K segments, C channels.
"""

import torch
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.functional import consensus
from tpn_tsn_plugin.registry import MODELS


@MODELS.register_module()
class AvgConsensus(nn.Module):
    """Mean over the segments.

    Args:
        dim: Only 1; stands in MMAction2's configs.

    Raises:
        ValueError: ``dim`` is something else.
    """

    def __init__(self, dim: int = 1) -> None:
        require_one_of('dim', dim, [1])
        super().__init__()

    def forward(self, scores: Tensor, features: Tensor | None = None) -> Tensor:
        """(N, K, classes) to (N, classes)."""
        return consensus.average_consensus(scores)


@MODELS.register_module()
class MaxConsensus(nn.Module):
    """Largest score over the segments, class by class."""

    def forward(self, scores: Tensor, features: Tensor | None = None) -> Tensor:
        """(N, K, classes) to (N, classes)."""
        return consensus.max_consensus(scores)


@MODELS.register_module()
class TopKConsensus(nn.Module):
    """Mean of the k largest scores over the segments, class by class.

    Args:
        k: How many segments count, from 1 to K.

    Raises:
        ValueError: ``k`` is no whole number from 1 on; in ``forward``, exceeds K.
    """

    def __init__(self, k: int) -> None:
        require_positive_int('k', k)
        super().__init__()
        self.k = k

    def forward(self, scores: Tensor, features: Tensor | None = None) -> Tensor:
        """(N, K, classes) to (N, classes)."""
        return consensus.topk_consensus(scores, self.k)

    def extra_repr(self) -> str:
        """The option."""
        return f'k={self.k}'


@MODELS.register_module()
class LinearConsensus(nn.Module):
    """Sum of the segments' scores with learned weights, which start as the mean.

    Args:
        num_segments: K, the same in training and testing.

    Raises:
        ValueError: ``num_segments`` is no whole number from 1 on; in ``forward``,
            differs from K.
    """

    def __init__(self, num_segments: int) -> None:
        require_positive_int('num_segments', num_segments)
        super().__init__()
        self.weight = nn.Parameter(torch.full((num_segments,), 1 / num_segments))

    def forward(self, scores: Tensor, features: Tensor | None = None) -> Tensor:
        """(N, K, classes) to (N, classes)."""
        return consensus.linear_consensus(scores, self.weight)

    def extra_repr(self) -> str:
        """The option."""
        return f'num_segments={len(self.weight)}'


@MODELS.register_module()
class AttentionConsensus(nn.Module):
    """Sum of the segments' scores with weights read off each segment's features.

    The weights start equal, so training begins with the mean.

    Args:
        in_channels: C.

    Raises:
        ValueError: ``in_channels`` is no whole number from 1 on; in ``forward``,
            differs from the features' channels.
    """

    def __init__(self, in_channels: int) -> None:
        require_positive_int('in_channels', in_channels)
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_channels))

    def forward(self, scores: Tensor, features: Tensor) -> Tensor:
        """(N, K, classes) and (N, K, C) to (N, classes)."""
        return consensus.attention_consensus(scores, features, self.weight)

    def extra_repr(self) -> str:
        """The option."""
        return f'in_channels={len(self.weight)}'
