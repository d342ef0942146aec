"""Consensus modules; importing this registers them."""

from .segments import (
    AttentionConsensus,
    AvgConsensus,
    LinearConsensus,
    MaxConsensus,
    TopKConsensus,
)
from .temporal_window import TemporalWindowConsensus

__all__ = [
    'AttentionConsensus',
    'AvgConsensus',
    'LinearConsensus',
    'MaxConsensus',
    'TemporalWindowConsensus',
    'TopKConsensus',
]
