"""Parts of the work, for several machines or processes that run the same command."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar('Item')
# What torchrun and Slurm tell their processes: which one it is, of how many.
ENVIRONMENT = (('RANK', 'WORLD_SIZE'), ('SLURM_PROCID', 'SLURM_NTASKS'))


@dataclass(frozen=True)
class Shard:
    """One of ``count`` parts.

    Attributes:
        index: Which, from 0.
        count: Number of parts.
    """

    index: int = 0
    count: int = 1

    @property
    def tag(self) -> str:
        """Its name in the names of files."""
        return f'{self.index}of{self.count}'

    def __str__(self) -> str:
        return f'{self.index}/{self.count}'

    def take(self, items: Sequence[Item]) -> Sequence[Item]:
        """Take the items of this part: every ``count``-th."""
        return items[self.index :: self.count]


WHOLE = Shard()


def parse_shard(text: str) -> Shard:
    """Read a shard that is written ``index/count``.

    Raises:
        ValueError: It is written otherwise, or there is no such part.
    """
    match = re.fullmatch(r'(\d+)/(\d+)', text.strip())
    shard = Shard(*map(int, match.groups())) if match else None
    if shard is None or shard.index >= shard.count:
        raise ValueError(
            'shard must be index/count with an index from 0 to count - 1, such as '
            f'0/4, got {text!r}'
        )
    return shard


def shard_of_environment(environment: Mapping[str, str] = os.environ) -> Shard:
    """The part of this process, as torchrun or Slurm says, or the whole.

    Raises:
        ValueError: What they say makes no sense.
    """
    for names in ENVIRONMENT:
        if all(environment.get(name) for name in names):
            return parse_shard('/'.join(environment[name] for name in names))
    return WHOLE
