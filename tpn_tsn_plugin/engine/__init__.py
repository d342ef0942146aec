"""What acts while a runner runs; importing this registers it."""

from .hooks import CheckClassesHook, CrossModalityInitHook, PartialBNHook

__all__ = ['CheckClassesHook', 'CrossModalityInitHook', 'PartialBNHook']
