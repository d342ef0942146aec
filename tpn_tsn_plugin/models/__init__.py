"""Neural network modules: importing this package registers them."""

from .heads import TemporalPyramidHead
from .necks import TemporalPyramidNeck
from .recognizers import PyramidRecognizer2D

__all__ = ['PyramidRecognizer2D', 'TemporalPyramidHead', 'TemporalPyramidNeck']
