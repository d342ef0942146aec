"""Heads: classifiers with their losses."""

from .temporal_pyramid_head import TemporalPyramidHead

__all__ = ['TemporalPyramidHead']
