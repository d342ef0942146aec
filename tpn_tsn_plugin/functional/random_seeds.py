"""Random numbers that follow from what they are for, and from nothing before."""

import random

import numpy as np
import torch


def seed_all(*words: int) -> None:
    """Seed Python's, NumPy's and PyTorch's generators.

    Args:
        words: What the numbers are for; other words give independent numbers.
    """
    for_python, for_numpy, for_torch = np.random.SeedSequence(words).generate_state(3)
    random.seed(int(for_python))
    np.random.seed(int(for_numpy))
    torch.manual_seed(int(for_torch))
