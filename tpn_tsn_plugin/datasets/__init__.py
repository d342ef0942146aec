"""Datasets; importing this registers them."""

from .checked_video_dataset import CheckedVideoDataset
from .tempo_demo_dataset import TempoDemoDataset

__all__ = ['CheckedVideoDataset', 'TempoDemoDataset']
