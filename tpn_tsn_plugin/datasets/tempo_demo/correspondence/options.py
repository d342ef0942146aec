"""What the correspondence task is made of: sizes, seed, and the scene's options."""

from dataclasses import dataclass, field
from typing import ClassVar

from tpn_tsn_plugin.datasets.tempo_demo.options import Range, SceneOptions
from tpn_tsn_plugin.datasets.tempo_demo.task_options import TRIMMED_SPLITS, TaskOptions

DEFAULT_ROOT = 'work_dirs/demo_data/correspondence'


@dataclass(frozen=True)
class CorrespondenceScene(SceneOptions):
    """How clips look and how hard they are, beside what the tempo task has as well.

    Attributes:
        tempo_hz: Cycles per second of every motion. A stack of five fields sees about
            half a cycle, so that it tells motions apart at any moment.
        brightness: Brightness (Y of ITU-R BT.601) of every object, 0 to 255.
        saturation: Distance of an object's colour from grey in the plane of Cb and Cr.
        hue_spread: Farthest that an object's hue is from its own, in degrees.
        distractor_saturation: The most of a distractor, of any hue.
    """

    # Quicker than the tempo task's, to be seen in optical flow as well.
    KNOT_SECONDS: ClassVar[float] = 0.6

    num_frames: int = 32
    size: int = 64
    fps: int = 25
    radius: Range = (0.08, 0.115)
    travel: Range = (0.04, 0.07)
    pulse_depth: Range = (0.30, 0.50)
    max_distractors: int = 3
    distractor_drift: float = 0.6
    camera_drift: float = 0.04
    background_contrast: float = 20.0
    noise: Range = (2.0, 8.0)
    tempo_hz: Range = (2.5, 3.6)
    brightness: Range = (115.0, 150.0)
    saturation: Range = (34.0, 54.0)
    hue_spread: float = 14.0
    distractor_saturation: float = 8.0

    @property
    def fastest_hz(self) -> float:
        """The fastest tempo of any action."""
        return self.tempo_hz[1]


@dataclass(frozen=True)
class CorrespondenceOptions(TaskOptions):
    """Everything that the correspondence demo data depend on.

    Attributes:
        seed: Seed of all random streams.
        train: Number of training clips.
        val: Number of validation clips.
        test: Number of test clips.
        scene: Look and difficulty of the videos.
    """

    TASK: ClassVar[str] = 'correspondence'
    SPLITS: ClassVar[tuple[str, ...]] = TRIMMED_SPLITS
    SCENE: ClassVar[type] = CorrespondenceScene

    seed: int = 0
    train: int = 960
    val: int = 320
    test: int = 320
    scene: CorrespondenceScene = field(default_factory=CorrespondenceScene)
