"""Necks: modules between a backbone and a head."""

from .tpn import TemporalPyramidNeck

__all__ = ['TemporalPyramidNeck']
