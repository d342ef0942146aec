"""What the options of every task of the demo data have in common."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, ClassVar, Self

import numpy as np

from tpn_tsn_plugin.errors import require_one_of

# Splits of clips that show one action from the first frame to the last.
TRIMMED_SPLITS: tuple[str, ...] = ('train', 'val', 'test')


class TaskOptions:
    """Options of a task; a frozen dataclass of ``seed``, sizes of splits, ``scene``.

    Attributes:
        TASK: Name of the task.
        SPLITS: All splits, each with a field of its name that holds its size. A split's
            place here is part of its videos' random streams: new ones come last.
        SCENE: Dataclass of the scene's options.
        seed: Seed of all random streams.
        scene: Look and difficulty of the videos.
    """

    TASK: ClassVar[str]
    SPLITS: ClassVar[tuple[str, ...]]
    SCENE: ClassVar[type]
    seed: int
    scene: Any

    def __post_init__(self) -> None:
        for name in ('seed', *self.SPLITS):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f'{name} must be an integer from 0, got {value!r}')

    @classmethod
    def from_dicts(
        cls,
        seed: int = 0,
        num_videos: Mapping[str, int] | None = None,
        scene: Mapping[str, Any] | None = None,
    ) -> Self:
        """Build options from a config's plain dictionaries.

        Args:
            seed: Seed of all random streams.
            num_videos: Sizes of some or all splits; the others keep their default.
            scene: Fields of the scene's options that differ from their default.

        Raises:
            ValueError: A key is not the name of a split or of an option.
        """
        for split in num_videos or {}:
            require_one_of('a key of num_videos', split, cls.SPLITS)
        names = [field.name for field in fields(cls.SCENE)]
        for name in scene or {}:
            require_one_of('a key of scene', name, names)
        look: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in (scene or {}).items()
        }
        sizes: dict[str, Any] = dict(num_videos or {})
        return cls(**dict(seed=seed, scene=cls.SCENE(**look), **sizes))

    def count(self, split: str) -> int:
        """Number of videos in a split."""
        return int(getattr(self, split))

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that a folder made with these options has."""
        return self.SPLITS

    def stream(self, split: str, index: int) -> np.random.Generator:
        """The source of randomness that belongs to one video alone.

        Args:
            split: One of ``SPLITS``.
            index: Position of the video in its split.
        """
        key = (self.SPLITS.index(split), index)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def record(self) -> dict[str, Any]:
        """The options as JSON reads them back: dictionaries, lists and numbers."""
        absent = set(self.SPLITS).difference(self.splits)
        options: Any = self
        present = {k: v for k, v in asdict(options).items() if k not in absent}
        return dict(json.loads(json.dumps(present)))
