"""Consensus over an untrimmed video, from snippets at a fixed rate.

Shape letters: N samples, K snippets, C channels.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.functional.consensus import attention_energies
from tpn_tsn_plugin.functional.window_integration import (
    OVERLAP,
    WINDOW_SIZES,
    check_windows,
    integrate_windows,
)
from tpn_tsn_plugin.registry import MODELS

from .segments import AttentionConsensus


@MODELS.register_module()
class TemporalWindowConsensus(nn.Module):
    """Multi-scale temporal window integration (M-TWI) as a consensus.

    Made for testing (``test_consensus`` of ``SegmentConsensusHead``) with one snippet a
    second, but trains as well, and takes any number of snippets.

    Args:
        window_sizes: Window lengths, in seconds at one snippet a second.
        overlap: Share of a window that the next one covers again.
        window_top_k: How many windows of each size count; None for the published
            number, a quarter of them and at least 15.
        window_pooling: ``'top_k'``, or ``'attention'`` to weight the windows by their
            features.
        in_channels: C, for ``'attention'`` only.

    Raises:
        ValueError: An option is out of range, or ``in_channels`` is missing or not
            wanted.
    """

    def __init__(
        self,
        window_sizes: Sequence[int] = WINDOW_SIZES,
        overlap: float = OVERLAP,
        *,
        window_top_k: int | None = None,
        window_pooling: str = 'top_k',
        in_channels: int | None = None,
    ) -> None:
        require_one_of('window_pooling', window_pooling, ['top_k', 'attention'])
        check_windows(window_sizes, overlap, window_top_k)
        attends = window_pooling == 'attention'
        if attends and window_top_k is not None:
            raise ValueError(
                f"window_top_k={window_top_k} is for window_pooling='top_k'; "
                "'attention' weights all windows"
            )
        if not attends and in_channels is not None:
            raise ValueError(
                f"in_channels={in_channels} is for window_pooling='attention' only"
            )
        super().__init__()
        self.window_sizes = tuple(window_sizes)
        self.overlap = overlap
        self.window_top_k = window_top_k
        self.weight: nn.Parameter | None = None
        if attends:
            require_positive_int('in_channels', in_channels)
            self.weight = nn.Parameter(torch.zeros(in_channels or 0))

    def share_attention(self, learned: AttentionConsensus) -> None:
        """Weight windows by what an attention over segments has learned.

        The weights stay the other module's alone: an optimiser or a checkpoint that
        met them twice would count them twice.

        Raises:
            ValueError: They are for another number of channels.
        """
        if self.weight is None or len(self.weight) != len(learned.weight):
            own = 'none' if self.weight is None else len(self.weight)
            raise ValueError(
                'in_channels of consensus and test_consensus must be equal, got '
                f'{len(learned.weight)} and {own}'
            )
        self.weight = None
        # Not a submodule: it belongs to the head.
        self.__dict__['_learned'] = learned

    def forward(self, scores: Tensor, features: Tensor | None = None) -> Tensor:
        """(N, K, classes) and, for attention, (N, K, C) to (N, classes).

        Raises:
            ValueError: Attention lacks features, or they have another C.
        """
        learned: AttentionConsensus | None = self.__dict__.get('_learned')
        weight = self.weight if learned is None else learned.weight
        energies = None
        if weight is not None:
            if features is None:
                raise ValueError(
                    "window_pooling='attention' needs the features of the snippets, "
                    'got none'
                )
            energies = attention_energies(features, weight)
        return integrate_windows(
            scores,
            self.window_sizes,
            self.overlap,
            top_k=self.window_top_k,
            energies=energies,
        )

    def extra_repr(self) -> str:
        """The options."""
        return f'window_sizes={self.window_sizes}, overlap={self.overlap}'
