"""Clips of the correspondence task: four objects, of which one moves.

A frame tells nothing about the class. All objects are always there, each displaced
and sized as a motion could have caught it, so the one that moves stands out only over
time. Optical flow sees a motion at a place but not which object is there. A class's
objects differ in nothing but their hue: from one stream, clips of classes that share
the motion have the same grey frames.
"""

from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.tempo_demo.actions import (
    Actor,
    motion_phases,
    sample_actor,
)
from tpn_tsn_plugin.datasets.tempo_demo.clips import draw_video
from tpn_tsn_plugin.datasets.tempo_demo.scene import Colour, Track

from .classes import CLASS_NAMES, HUES, object_and_motion
from .options import CorrespondenceScene

# Objects stand in cells of a grid of this many rows and columns, one in each.
CELLS = 2


def to_rgb(brightness: float, saturation: float, degrees: float) -> Colour:
    """Colour of a brightness (Y), saturation and hue in the plane of Cb and Cr.

    ITU-R BT.601, whose Y is the grey value of RGB pictures.
    """
    blue = saturation * np.cos(np.radians(degrees))
    red = saturation * np.sin(np.radians(degrees))
    change = 1.402 * red, -0.344136 * blue - 0.714136 * red, 1.772 * blue
    r, g, b = np.clip(np.rint(brightness + np.array(change)), 0, 255).astype(int)
    return int(r), int(g), int(b)


def sample_colour(
    rng: np.random.Generator, scene: CorrespondenceScene, hue: float
) -> Colour:
    """Draw a colour around a hue, in degrees."""
    return to_rgb(
        rng.uniform(*scene.brightness),
        rng.uniform(*scene.saturation),
        hue + rng.uniform(-scene.hue_spread, scene.hue_spread),
    )


def sample_grey(rng: np.random.Generator, scene: CorrespondenceScene) -> Colour:
    """Draw a colour of no object, as bright as theirs."""
    return to_rgb(
        rng.uniform(*scene.brightness),
        rng.uniform(0, scene.distractor_saturation),
        rng.uniform(0, 360),
    )


def sample_objects(
    rng: np.random.Generator, scene: CorrespondenceScene, names: list[str]
) -> list[Actor]:
    """Draw an object of each name, each in a cell of its own."""
    actors = []
    for name, cell in zip(names, rng.permutation(CELLS**2), strict=True):
        actor = sample_actor(
            rng, scene, partial(sample_colour, scene=scene, hue=HUES[name])
        )
        reach = actor.travel + actor.radius * (1 + actor.pulse_depth / 2)
        half = scene.size / CELLS / 2
        free = max(half - reach - scene.size * scene.camera_drift / 2, 1.0)
        row, column = divmod(int(cell), CELLS)
        middle = half * (2 * np.array([column, row]) + 1)
        x, y = middle + rng.uniform(-free, free, size=2)
        actors.append(replace(actor, centre=(float(x), float(y))))
    return actors


def plan_clip(
    rng: np.random.Generator, scene: CorrespondenceScene, label: int
) -> tuple[list[Track], dict[str, Any]]:
    """Draw the objects of a clip of a class, and what they do.

    What is drawn does not depend on the class, which only tells who is first, and how
    that one moves.

    Args:
        rng: The clip's own stream.
        scene: Look and difficulty.
        label: Class index.

    Returns:
        The objects, the one that moves first, and the true values as written to the
        metadata.
    """
    mover, motion = object_and_motion(label)
    others = rng.permutation([name for name in HUES if name != mover])
    names = [mover, *map(str, others)]
    actors = sample_objects(rng, scene, names)
    tempo_hz = float(rng.uniform(*scene.tempo_hz))
    phase = float(rng.uniform(0, 2 * np.pi))
    direction = int(rng.choice([-1, 1]))
    seconds = np.arange(scene.num_frames) / scene.fps
    angle = phase + 2 * np.pi * tempo_hz * seconds
    phases = [np.repeat(np.array(a.rest)[:, None], len(angle), axis=1) for a in actors]
    phases[0] = motion_phases(motion, direction, angle, actors[0].rest)
    tracks = [actor.track(p) for actor, p in zip(actors, phases, strict=True)]
    return tracks, {
        'label': label,
        'class_name': CLASS_NAMES[label],
        'object': mover,
        'motion': motion,
        'tempo_hz': tempo_hz,
        'phase': phase,
        'direction': direction,
        'centres_px': {
            name: actor.centre for name, actor in zip(names, actors, strict=True)
        },
    }


def make_clip(
    rng: np.random.Generator, scene: CorrespondenceScene, label: int
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Make one clip: :func:`plan_clip`, then draw it.

    Returns:
        Frames, (T, H, W, 3), RGB, and the true values.
    """
    tracks, truth = plan_clip(rng, scene, label)
    return draw_clip(rng, scene, tracks), truth


def draw_clip(
    rng: np.random.Generator, scene: CorrespondenceScene, tracks: list[Track]
) -> NDArray[np.uint8]:
    """Draw objects, in any order from back to front, among grey distractors."""
    order = rng.permutation(len(tracks))
    grey = partial(sample_grey, scene=scene)
    return draw_video(rng, scene, [tracks[i] for i in order], grey)
