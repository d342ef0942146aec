"""What the videos of the instances task depend on."""

from dataclasses import dataclass, field
from typing import ClassVar

from tpn_tsn_plugin.datasets.tempo_demo.classes import TEMPO_BANDS_HZ
from tpn_tsn_plugin.datasets.tempo_demo.options import SceneOptions
from tpn_tsn_plugin.datasets.tempo_demo.task_options import TRIMMED_SPLITS, TaskOptions

# Seconds without motion before and after a cycle, at the least.
SHORTEST_REST = 0.5


@dataclass(frozen=True)
class InstanceSceneOptions(SceneOptions):
    """How clips look; the slowest cycle has its place in them, with rest around it."""

    num_frames: int = 96

    def __post_init__(self) -> None:
        super().__post_init__()
        slowest_hz = min(low for low, _ in TEMPO_BANDS_HZ.values())
        least = 1 / slowest_hz + 2 * SHORTEST_REST
        if self.num_frames < least * self.fps:
            raise ValueError(
                f'num_frames must be at least {least:g} seconds ({least * self.fps:g} '
                f'frames at fps={self.fps}), got {self.num_frames}'
            )


@dataclass(frozen=True)
class InstanceOptions(TaskOptions):
    """Everything that these clips depend on.

    Attributes:
        seed: Seed of all random streams.
        train: Number of training clips.
        val: Number of validation clips.
        test: Number of test clips.
        scene: Look and difficulty of the clips.
    """

    TASK: ClassVar[str] = 'instances'
    SPLITS: ClassVar[tuple[str, ...]] = TRIMMED_SPLITS
    SCENE: ClassVar[type] = InstanceSceneOptions

    seed: int = 0
    train: int = 0
    val: int = 0
    test: int = 120
    scene: InstanceSceneOptions = field(default_factory=InstanceSceneOptions)
