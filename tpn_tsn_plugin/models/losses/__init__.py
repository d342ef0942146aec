"""Losses that MMAction2 lacks."""

from .batch_loss import batch_loss
from .hinge_loss import HingeLoss

__all__ = ['HingeLoss', 'batch_loss']
