"""Neural network modules: importing this package registers them."""

from .backbones import VGG, BNInception
from .consensus import (
    AttentionConsensus,
    AvgConsensus,
    LinearConsensus,
    MaxConsensus,
    TemporalWindowConsensus,
    TopKConsensus,
)
from .heads import MultiTaskHead, SegmentConsensusHead, TemporalPyramidHead
from .necks import TemporalPyramidNeck
from .recognizers import PyramidRecognizer2D, SegmentRecognizer2D

__all__ = [
    'VGG',
    'AttentionConsensus',
    'AvgConsensus',
    'BNInception',
    'LinearConsensus',
    'MaxConsensus',
    'MultiTaskHead',
    'PyramidRecognizer2D',
    'SegmentConsensusHead',
    'SegmentRecognizer2D',
    'TemporalPyramidHead',
    'TemporalPyramidNeck',
    'TemporalWindowConsensus',
    'TopKConsensus',
]
