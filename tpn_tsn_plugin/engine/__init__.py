"""What acts while a runner runs; importing this registers it."""

from .acceleration import (
    ActivationCheckpointHook,
    FastInferenceHook,
    FastTrainingHook,
)
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
    'ActivationCheckpointHook',
    'BadVideoHook',
    'CheckClassesHook',
    'CheckWeightsHook',
    'CrossModalityInitHook',
    'FastInferenceHook',
    'FastTrainingHook',
    'FiniteLossHook',
    'PartialBNHook',
    'ResumableEpochLoop',
    'ResumableIterLoop',
    'ResumableSampler',
]
