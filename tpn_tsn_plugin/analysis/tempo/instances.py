"""Demo clips in which an action starts and ends, for measuring its tempo.

In the other clips of the demo data an action goes on from the first frame to the last.
A network recognises it all the time: a fast object stands still for less than a frame
where it turns. So the width of its probability curve is the length of the clip, and
tells nothing of the tempo. Here the object stands still, makes one cycle of its motion,
and stands still again. At f cycles a second that takes 1 / f seconds: the slower, the
wider the curve.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.tempo_demo import TASKS, TEMPO, TRIMMED_SPLITS, DemoTask
from tpn_tsn_plugin.datasets.tempo_demo import sheet as sheets
from tpn_tsn_plugin.datasets.tempo_demo.actions import (
    action_phases,
    sample_action,
    sample_actor,
)
from tpn_tsn_plugin.datasets.tempo_demo.classes import CLASS_NAMES, TEMPO_BANDS_HZ
from tpn_tsn_plugin.datasets.tempo_demo.clips import draw_video
from tpn_tsn_plugin.datasets.tempo_demo.dataset import DemoVideoDataset
from tpn_tsn_plugin.datasets.tempo_demo.options import SceneOptions
from tpn_tsn_plugin.datasets.tempo_demo.scene import Track
from tpn_tsn_plugin.datasets.tempo_demo.task_options import TaskOptions
from tpn_tsn_plugin.registry import DATASETS

# Seconds without motion before and after a cycle, at the least.
SHORTEST_REST = 0.5
COLUMNS = 10
LEFT, TOP = 220, 72


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


def plan_instance(
    rng: np.random.Generator, options: SceneOptions, label: int
) -> tuple[Track, dict[str, Any]]:
    """Draw what makes a cycle in a clip of a class, and when.

    Returns:
        The moving object, and the true values; ``segment`` is the time of the cycle in
        seconds.
    """
    action, actor = sample_action(rng, label), sample_actor(rng, options)
    duration = 1 / action.tempo_hz
    latest = options.num_frames / options.fps - duration - SHORTEST_REST
    start = float(rng.uniform(SHORTEST_REST, latest))
    seconds = np.clip(np.arange(options.num_frames) / options.fps - start, 0, duration)
    track = actor.track(action_phases(action, actor, seconds))
    truth = {'travel_px': actor.travel, 'radius_px': actor.radius}
    span = {'segment': [start, start + duration]}
    return track, {**action.record(), **truth, **span}


def make_instance(
    rng: np.random.Generator, options: SceneOptions, label: int
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Make one clip: :func:`plan_instance`, then ``draw_video``.

    Args:
        rng: The clip's own stream.
        options: Look and difficulty.
        label: Class index, as in the tempo task.

    Returns:
        Frames, (T, H, W, 3), RGB, and the true values.
    """
    track, truth = plan_instance(rng, options, label)
    return draw_video(rng, options, [track]), truth


def write_contact_sheet(path: Path, options: InstanceOptions) -> None:
    """Draw a clip of every class: frames, and the true motion.

    Args:
        path: PNG file to write.
        options: Seed and scene.
    """
    scene, row = options.scene, sheets.TILE + sheets.GAP
    shown = np.linspace(0, scene.num_frames - 1, COLUMNS).round().astype(int)
    right = LEFT + COLUMNS * row + 2 * sheets.GAP
    bottom = TOP + len(CLASS_NAMES) * row
    sheet = sheets.new_sheet(bottom + 40, right + sheets.TRACE_WIDTH + 16)
    sheets.write_text(sheet, 'Tempo demo data: one cycle per clip', (16, 34), 0.8)
    sheets.draw_trace_legend(sheet, (right, TOP - 12))
    for label, name in enumerate(CLASS_NAMES):
        rng = options.stream('train', label)
        track, truth = plan_instance(rng, scene, label)
        top = TOP + label * row
        title = name.replace('_', ' ')
        sheets.write_text(sheet, title, (16, top + 40), 0.5)
        start, end = truth['segment']
        times = f'{start:.2f} to {end:.2f} s'
        sheets.write_text(sheet, times, (16, top + 60), 0.45, sheets.PALE)
        for column, frame in enumerate(draw_video(rng, scene, [track])[shown]):
            sheets.draw_tile(sheet, (LEFT + column * row, top), frame)
        sheets.draw_trace(sheet, (right, top), track, scene)
    for column, second in enumerate(shown / scene.fps):
        place = (LEFT + column * row + sheets.TILE // 2, bottom + 14)
        sheets.write_text(sheet, f'{second:.2f} s', place, 0.42, sheets.PALE, True)
    sheets.draw_trace_axis(sheet, (right, bottom + 10), scene)
    sheets.save_sheet(path, sheet)


INSTANCES = replace(
    TEMPO,
    name=InstanceOptions.TASK,
    summary='one cycle of a motion, at a tempo',
    default_root='work_dirs/demo_data/tempo_instances',
    options=InstanceOptions,
    make_clip=make_instance,
    write_contact_sheet=write_contact_sheet,
    make_untrimmed=None,
)
TASKS[INSTANCES.name] = INSTANCES


@DATASETS.register_module()
class TempoInstancesDemoDataset(DemoVideoDataset):
    """Generated clips that show one cycle of a motion at a tempo.

    The classes are those of ``TempoDemoDataset``. A config that uses it imports this
    module: ``custom_imports = dict(imports=['tpn_tsn_plugin',
    'tpn_tsn_plugin.analysis.tempo.instances'])``.
    """

    METAINFO: ClassVar[dict[str, Any]] = {'classes': INSTANCES.class_names}
    TASK: ClassVar[DemoTask] = INSTANCES
