"""Recognisers: backbone, neck and head together."""

from .pyramid_recognizer2d import PyramidRecognizer2D
from .segment_recognizer2d import SegmentRecognizer2D

__all__ = ['PyramidRecognizer2D', 'SegmentRecognizer2D']
