"""Heads: classifiers with their losses."""

from .multi_task_head import MultiTaskHead
from .segment_consensus_head import SegmentConsensusHead
from .temporal_pyramid_head import TemporalPyramidHead
from .two_stream_fusion_head import TwoStreamFusionHead

__all__ = [
    'MultiTaskHead',
    'SegmentConsensusHead',
    'TemporalPyramidHead',
    'TwoStreamFusionHead',
]
