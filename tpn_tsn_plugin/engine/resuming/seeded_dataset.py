"""A data set whose samples are augmented by random numbers of their own."""

from typing import Any

from torch.utils.data import Dataset

from .resumable_sampler import SampleKey
from .seeds import seed_sample


class SeededDataset(Dataset):
    """Seeds all generators before a sample is loaded, by the sample and its epoch.

    In all else it is the data set that it holds.

    Args:
        dataset: Any.
    """

    def __init__(self, dataset: Any) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, key: SampleKey) -> Any:
        seed_sample(key.seed, key.epoch, key.index)
        return self.dataset[key.index]

    def __getattr__(self, name: str) -> Any:
        # While it is unpickled, in a worker that was spawned, it has no data set yet.
        if name.startswith('__') or name == 'dataset':
            raise AttributeError(name)
        return getattr(self.dataset, name)
