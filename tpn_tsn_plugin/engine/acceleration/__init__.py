"""Testing and training made fast; importing this registers it."""

from .activation_checkpoint_hook import ActivationCheckpointHook
from .fast_inference_hook import FastInferenceHook
from .fast_training_hook import FastTrainingHook

__all__ = ['ActivationCheckpointHook', 'FastInferenceHook', 'FastTrainingHook']
