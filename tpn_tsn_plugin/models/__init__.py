"""Neural network modules: importing this package registers them."""

from .backbones import VGG, BNInception, ShiftedShortcutTSM
from .consensus import (
    AttentionConsensus,
    AvgConsensus,
    LinearConsensus,
    MaxConsensus,
    TemporalWindowConsensus,
    TopKConsensus,
)
from .data_preprocessors import (
    OpticalFlowDataPreprocessor,
    TwoStreamDataPreprocessor,
)
from .fusion import (
    BilinearFusion,
    ConcatFusion,
    ConvFusion,
    MaxFusion,
    SumFusion,
    TemporalConvPool3d,
    TemporalPool2d,
    TemporalPool3d,
)
from .heads import (
    MultiTaskHead,
    SegmentConsensusHead,
    TemporalPyramidHead,
    TwoStreamFusionHead,
)
from .losses import HingeLoss
from .necks import TemporalPyramidNeck
from .recognizers import (
    PyramidRecognizer2D,
    SegmentRecognizer2D,
    TwoStreamRecognizer,
)

__all__ = [
    'VGG',
    'AttentionConsensus',
    'AvgConsensus',
    'BNInception',
    'BilinearFusion',
    'ConcatFusion',
    'ConvFusion',
    'HingeLoss',
    'LinearConsensus',
    'MaxConsensus',
    'MaxFusion',
    'MultiTaskHead',
    'OpticalFlowDataPreprocessor',
    'PyramidRecognizer2D',
    'SegmentConsensusHead',
    'SegmentRecognizer2D',
    'ShiftedShortcutTSM',
    'SumFusion',
    'TemporalConvPool3d',
    'TemporalPool2d',
    'TemporalPool3d',
    'TemporalPyramidHead',
    'TemporalPyramidNeck',
    'TemporalWindowConsensus',
    'TopKConsensus',
    'TwoStreamDataPreprocessor',
    'TwoStreamFusionHead',
    'TwoStreamRecognizer',
]
