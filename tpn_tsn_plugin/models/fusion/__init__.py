"""Fusion of the two streams, and pooling over time."""

from .stream_fusion import (
    BilinearFusion,
    ConcatFusion,
    ConvFusion,
    MaxFusion,
    StreamFusion,
    SumFusion,
)
from .temporal_pooling import TemporalConvPool3d, TemporalPool2d, TemporalPool3d

__all__ = [
    'BilinearFusion',
    'ConcatFusion',
    'ConvFusion',
    'MaxFusion',
    'StreamFusion',
    'SumFusion',
    'TemporalConvPool3d',
    'TemporalPool2d',
    'TemporalPool3d',
]
