"""Random numbers that belong to a sample or to a step, and to nothing else.

What is drawn for one does not depend on what was drawn before, so neither the number of
workers nor a run's interruption changes it, and no generator's state has to be saved.
"""

from tpn_tsn_plugin.functional.random_seeds import seed_all

SAMPLE, STEP = range(2)


def seed_sample(seed: int, epoch: int, index: int) -> None:
    """Seed all generators for the loading of a sample in an epoch."""
    seed_all(seed, SAMPLE, epoch, index)


def seed_step(seed: int, rank: int, iteration: int) -> None:
    """Seed all generators for a training step on a rank, for dropout and the like."""
    seed_all(seed, STEP, rank, iteration)
