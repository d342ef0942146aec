"""Evaluation; importing this registers the metrics."""

from .metrics import MultiTaskAccuracy, VideoMeanAP

__all__ = ['MultiTaskAccuracy', 'VideoMeanAP']
