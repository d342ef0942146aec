"""The order of samples, from any place in it on."""

from collections.abc import Iterator, Sized
from dataclasses import dataclass

import torch
from mmengine.dist import get_dist_info, sync_random_seed
from torch.utils.data import Sampler

from tpn_tsn_plugin.registry import DATA_SAMPLERS


@dataclass(frozen=True)
class SampleKey:
    """Which sample is asked for, in which epoch, with what seed.

    Workers are told of nothing else, and may live longer than an epoch.
    """

    index: int
    epoch: int
    seed: int


@DATA_SAMPLERS.register_module()
class ResumableSampler(Sampler[SampleKey]):
    """The samples of an epoch, or of one epoch after another, from any place on.

    Each of N ranks gets every N-th of them. The order of an epoch follows from the seed
    and the epoch's number alone, and is that of MMEngine's ``DefaultSampler``.

    Args:
        dataset: Its length counts.
        shuffle: Whether each epoch has an order of its own, or the data set's.
        seed: Of the orders; the same on all ranks. None for one that they agree on.
        endless: Whether epochs follow each other without end, for loops that count
            iterations. Otherwise to iterate once is one epoch, filled up from its start
            until all ranks have as many.
    """

    def __init__(
        self,
        dataset: Sized,
        shuffle: bool = True,
        seed: int | None = None,
        endless: bool = False,
    ) -> None:
        self.rank, self.ranks = get_dist_info()
        self.size = len(dataset)
        self.shuffle = shuffle
        self.seed = sync_random_seed() if seed is None else seed
        self.endless = endless
        self.epoch = 0
        self.start = 0

    def __len__(self) -> int:
        """Samples of an epoch on this rank, wherever it starts."""
        return self.size if self.endless else -(-self.size // self.ranks)

    def __iter__(self) -> Iterator[SampleKey]:
        if self.endless:
            yield from self._endless()
            return
        order = self._order(self.epoch)
        places = range(self.rank, len(self) * self.ranks, self.ranks)
        for place in places[self.start :]:
            yield SampleKey(order[place % self.size], self.epoch, self.seed)

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch; it starts at its first sample."""
        self.epoch = epoch
        self.start = 0

    def start_at(self, start: int) -> None:
        """Leave out the first samples of this rank, of the epoch or of all epochs."""
        self.start = start

    def _endless(self) -> Iterator[SampleKey]:
        place = self.start * self.ranks + self.rank
        epoch, order = -1, [0]
        while True:
            if place // self.size != epoch:
                epoch = place // self.size
                order = self._order(epoch)
            yield SampleKey(order[place % self.size], epoch, self.seed)
            place += self.ranks

    def _order(self, epoch: int) -> list[int]:
        if not self.shuffle:
            return list(range(self.size))
        generator = torch.Generator()
        generator.manual_seed(self.seed + epoch)
        order: list[int] = torch.randperm(self.size, generator=generator).tolist()
        return order
