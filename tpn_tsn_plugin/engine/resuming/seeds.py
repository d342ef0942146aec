"""Random numbers that belong to a sample or to a step, and to nothing else.

What is drawn for one does not depend on what was drawn before, so neither the number of
workers nor a run's interruption changes it, and no generator's state has to be saved.
"""

import random

import numpy as np
import torch

SAMPLE, STEP = range(2)


def seed_sample(seed: int, epoch: int, index: int) -> None:
    """Seed all generators for the loading of a sample in an epoch."""
    _seed(seed, SAMPLE, epoch, index)


def seed_step(seed: int, rank: int, iteration: int) -> None:
    """Seed all generators for a training step on a rank, for dropout and the like."""
    _seed(seed, STEP, rank, iteration)


def _seed(*words: int) -> None:
    for_python, for_numpy, for_torch = np.random.SeedSequence(words).generate_state(3)
    random.seed(int(for_python))
    np.random.seed(int(for_numpy))
    torch.manual_seed(int(for_torch))
