"""Training that goes on after a kill as if nothing had happened."""

from .resumable_sampler import ResumableSampler
from .train_loops import ResumableEpochLoop, ResumableIterLoop
from .whole_file_backend import WholeFileBackend

__all__ = [
    'ResumableEpochLoop',
    'ResumableIterLoop',
    'ResumableSampler',
    'WholeFileBackend',
]
