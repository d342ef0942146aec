"""Metrics."""

from .multi_task_accuracy import MultiTaskAccuracy
from .video_mean_ap import VideoMeanAP

__all__ = ['MultiTaskAccuracy', 'VideoMeanAP']
