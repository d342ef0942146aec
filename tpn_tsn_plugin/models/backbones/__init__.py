"""Backbones of the papers that MMAction2 lacks."""

from .bn_inception import BNInception
from .vgg import VGG

__all__ = ['VGG', 'BNInception']
