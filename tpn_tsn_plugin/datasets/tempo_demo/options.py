"""What the tempo task is made of: sizes, seed, and the scene's options."""

from dataclasses import dataclass, field, fields
from typing import ClassVar

from .classes import TEMPO_BANDS_HZ
from .task_options import TRIMMED_SPLITS, TaskOptions

DEFAULT_ROOT = 'work_dirs/demo_data/tempo'

# New ones come last: a place is part of the random streams.
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

    # From one change of the camera's direction to the next.
    KNOT_SECONDS: ClassVar[float] = 2.0

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
        if self.fps <= 2 * self.fastest_hz:
            raise ValueError(
                f'fps must be above {2 * self.fastest_hz:g}, twice the fastest tempo, '
                f'got {self.fps}'
            )
        for name in (f.name for f in fields(self) if isinstance(f.default, tuple)):
            low, high = getattr(self, name)
            if not 0 <= low <= high:
                raise ValueError(
                    f'{name} must be a pair 0 <= low <= high, got '
                    f'{getattr(self, name)!r}'
                )

    @property
    def fastest_hz(self) -> float:
        """The fastest tempo of any action."""
        return max(high for _, high in TEMPO_BANDS_HZ.values())


@dataclass(frozen=True)
class TempoOptions(TaskOptions):
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

    TASK: ClassVar[str] = 'tempo'
    SPLITS: ClassVar[tuple[str, ...]] = SPLITS
    SCENE: ClassVar[type] = SceneOptions

    seed: int = 0
    train: int = 480
    val: int = 240
    test: int = 240
    untrimmed: int = 48
    untrimmed_train: int = 0
    scene: SceneOptions = field(default_factory=SceneOptions)

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that a folder made with these options has.

        Untrimmed training videos came later than the other splits; without any, a
        folder is what it was before, so that those in use stay usable.
        """
        return tuple(s for s in SPLITS if s != 'untrimmed_train' or self.count(s))
