"""What acts while a runner runs; importing this registers it."""

from .hooks import CheckClassesHook, CrossModalityInitHook, PartialBNHook
from .resuming import ResumableEpochLoop, ResumableIterLoop, ResumableSampler

__all__ = [
    'CheckClassesHook',
    'CrossModalityInitHook',
    'PartialBNHook',
    'ResumableEpochLoop',
    'ResumableIterLoop',
    'ResumableSampler',
]
