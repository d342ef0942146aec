"""Losses that MMAction2 lacks."""

from .hinge_loss import HingeLoss

__all__ = ['HingeLoss']
