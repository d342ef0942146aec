"""What acts while a runner runs; importing this registers it."""

from .hooks import CheckClassesHook

__all__ = ['CheckClassesHook']
