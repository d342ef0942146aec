"""What acts while a runner runs; importing this registers it."""

from .bad_videos import BadVideoHook
from .hooks import (
    CheckClassesHook,
    CheckWeightsHook,
    CrossModalityInitHook,
    FiniteLossHook,
    PartialBNHook,
)
from .resuming import ResumableEpochLoop, ResumableIterLoop, ResumableSampler

__all__ = [
    'BadVideoHook',
    'CheckClassesHook',
    'CheckWeightsHook',
    'CrossModalityInitHook',
    'FiniteLossHook',
    'PartialBNHook',
    'ResumableEpochLoop',
    'ResumableIterLoop',
    'ResumableSampler',
]
