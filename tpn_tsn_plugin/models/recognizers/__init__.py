"""Recognisers: backbone, neck and head together."""

from .pyramid_recognizer2d import PyramidRecognizer2D
from .segment_recognizer2d import SegmentRecognizer2D
from .two_stream_recognizer import TwoStreamRecognizer

__all__ = ['PyramidRecognizer2D', 'SegmentRecognizer2D', 'TwoStreamRecognizer']
