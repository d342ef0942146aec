"""What a demo data set is made of: sizes, seed, and the scene's options."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from tpn_tsn_plugin.errors import require_one_of

from .classes import TEMPO_BANDS_HZ

DEFAULT_ROOT = 'work_dirs/demo_data/tempo'

TRIMMED_SPLITS: tuple[str, ...] = ('train', 'val', 'test')
# A split's place here is part of its videos' random streams: new ones come last.
SPLITS: tuple[str, ...] = (*TRIMMED_SPLITS, 'untrimmed', 'untrimmed_train')

Range = tuple[float, float]


@dataclass(frozen=True)
class SceneOptions:
    """How clips look and how hard they are.

    Lengths are fractions of the picture's side, so that another ``size`` keeps the
    task; pairs are the lowest and the highest value of a uniform distribution.

    Attributes:
        num_frames: Length of a trimmed clip in frames.
        size: Height and width in pixels, an even number.
        fps: Frames per second of every video.
        radius: Object size.
        travel: Amplitude of swing and orbit. Its spread keeps speed from telling
            the tempo: a short fast swing moves no quicker than a long slower one.
        pulse_depth: Amplitude of a pulse, as a fraction of the radius.
        max_distractors: Most objects that stand still or drift, besides the actor.
        distractor_drift: Farthest that a distractor drifts during a video.
        camera_drift: Farthest that the camera moves from its mean place.
        background_contrast: Spread of the background's grey values, 0 to 255.
        noise: Standard deviation of pixel noise, in grey values.
    """

    num_frames: int = 64
    size: int = 56
    fps: int = 16
    radius: Range = (0.10, 0.16)
    travel: Range = (0.14, 0.24)
    pulse_depth: Range = (0.30, 0.60)
    max_distractors: int = 1
    distractor_drift: float = 0.12
    camera_drift: float = 0.03
    background_contrast: float = 15.0
    noise: Range = (1.0, 5.0)

    def __post_init__(self) -> None:
        if self.size < 16 or self.size % 2:
            raise ValueError(f'size must be an even number from 16, got {self.size}')
        if self.num_frames < 2 or self.fps < 1:
            raise ValueError(
                'num_frames must be at least 2 and fps at least 1, '
                f'got {self.num_frames} and {self.fps}'
            )
        fastest = max(high for _, high in TEMPO_BANDS_HZ.values())
        if self.fps <= 2 * fastest:
            raise ValueError(
                f'fps must be above {2 * fastest:g}, twice the fastest tempo, '
                f'got {self.fps}'
            )
        for name in ('radius', 'travel', 'pulse_depth', 'noise'):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(
                    f'{name} must be a pair 0 <= low <= high, got '
                    f'{getattr(self, name)!r}'
                )


@dataclass(frozen=True)
class TempoOptions:
    """Everything that the tempo demo data depend on.

    Attributes:
        seed: Seed of all random streams.
        train: Number of training clips.
        val: Number of validation clips.
        test: Number of test clips.
        untrimmed: Number of untrimmed test videos.
        untrimmed_train: Number of untrimmed training videos.
        scene: Look and difficulty of the videos.
    """

    seed: int = 0
    train: int = 480
    val: int = 240
    test: int = 240
    untrimmed: int = 48
    untrimmed_train: int = 0
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
        num_videos: Mapping[str, int] | None = None,
        scene: Mapping[str, Any] | None = None,
    ) -> 'TempoOptions':
        """Build options from a config's plain dictionaries.

        Args:
            seed: Seed of all random streams.
            num_videos: Sizes of some or all ``SPLITS``; the others keep their default.
            scene: Fields of :class:`SceneOptions` that differ from their default.

        Raises:
            ValueError: A key is not the name of a split or of an option.
        """
        for split in num_videos or {}:
            require_one_of('a key of num_videos', split, SPLITS)
        for name in scene or {}:
            require_one_of('a key of scene', name, SceneOptions.__dataclass_fields__)
        fields: dict[str, Any] = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in (scene or {}).items()
        }
        return cls(seed=seed, scene=SceneOptions(**fields), **(num_videos or {}))

    def count(self, split: str) -> int:
        """Number of videos in a split."""
        return int(getattr(self, split))

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that a folder made with these options has.

        Untrimmed training videos came later than the other splits; without any, a
        folder is what it was before, so that those in use stay usable.
        """
        return tuple(s for s in SPLITS if s != 'untrimmed_train' or self.count(s))

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
        absent = set(SPLITS).difference(self.splits)
        fields = {k: v for k, v in asdict(self).items() if k not in absent}
        return dict(json.loads(json.dumps(fields)))
