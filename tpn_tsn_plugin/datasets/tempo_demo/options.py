"""What a demo data set is made of: sizes, seed, and the scene's options."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tpn_tsn_plugin.errors import require_one_of

from .clips import SceneOptions

DEFAULT_ROOT = 'work_dirs/demo_data/tempo'

TRIMMED_SPLITS: tuple[str, ...] = ('train', 'val', 'test')
SPLITS: tuple[str, ...] = (*TRIMMED_SPLITS, 'untrimmed')


@dataclass(frozen=True)
class TempoOptions:
    """Everything that the tempo demo data depend on.

    Attributes:
        seed: Seed of all random streams.
        train: Number of training clips.
        val: Number of validation clips.
        test: Number of test clips.
        untrimmed: Number of untrimmed videos.
        scene: Look and difficulty of the videos.
    """

    seed: int = 0
    train: int = 480
    val: int = 240
    test: int = 240
    untrimmed: int = 48
    scene: SceneOptions = field(default_factory=SceneOptions)

    def __post_init__(self) -> None:
        for name in ('seed', *SPLITS):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 0:
                raise ValueError(f'{name} must be an integer from 0, got {value!r}')

    @classmethod
    def from_dicts(
        cls,
        seed: int = 0,
        num_clips: Mapping[str, int] | None = None,
        scene: Mapping[str, Any] | None = None,
    ) -> 'TempoOptions':
        """Build options from a config's plain dictionaries.

        Args:
            seed: Seed of all random streams.
            num_clips: Sizes of some or all ``SPLITS``; the others keep their default.
            scene: Fields of :class:`SceneOptions` that differ from their default.

        Raises:
            ValueError: A key is not the name of a split or of an option.
        """
        for split in num_clips or {}:
            require_one_of('a key of num_clips', split, SPLITS)
        for name in scene or {}:
            require_one_of('a key of scene', name, SceneOptions.__dataclass_fields__)
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in (scene or {}).items()
        }
        return cls(seed=seed, scene=SceneOptions(**fields), **(num_clips or {}))

    def count(self, split: str) -> int:
        """Number of videos in a split."""
        return int(getattr(self, split))

    def stream(self, split: str, index: int) -> np.random.Generator:
        """The source of randomness that belongs to one video alone.

        Args:
            split: One of ``SPLITS``.
            index: Position of the video in its split.
        """
        key = (SPLITS.index(split), index)
        return np.random.default_rng(np.random.SeedSequence(self.seed, spawn_key=key))

    def record(self) -> dict[str, Any]:
        """The options as JSON reads them back: dictionaries, lists and numbers."""
        return dict(json.loads(json.dumps(asdict(self))))
