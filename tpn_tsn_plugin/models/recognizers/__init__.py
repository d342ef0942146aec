"""Recognisers: backbone, neck and head together."""

from .pyramid_recognizer2d import PyramidRecognizer2D

__all__ = ['PyramidRecognizer2D']
