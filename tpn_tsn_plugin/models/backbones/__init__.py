"""Backbones of the papers, and of their code, that MMAction2 lacks."""

from .bn_inception import BNInception
from .shifted_shortcut_tsm import ShiftedShortcutTSM
from .vgg import VGG

__all__ = ['VGG', 'BNInception', 'ShiftedShortcutTSM']
