"""Hooks."""

from .check_classes_hook import CheckClassesHook
from .check_weights_hook import CheckWeightsHook
from .cross_modality_init_hook import CrossModalityInitHook
from .finite_loss_hook import FiniteLossHook
from .partial_bn_hook import PartialBNHook

__all__ = [
    'CheckClassesHook',
    'CheckWeightsHook',
    'CrossModalityInitHook',
    'FiniteLossHook',
    'PartialBNHook',
]
