"""Hooks."""

from .check_classes_hook import CheckClassesHook
from .cross_modality_init_hook import CrossModalityInitHook
from .partial_bn_hook import PartialBNHook

__all__ = ['CheckClassesHook', 'CrossModalityInitHook', 'PartialBNHook']
