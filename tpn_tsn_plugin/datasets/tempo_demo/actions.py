"""Actions and the objects that perform them: what moves, how, and how fast.

What one frame shows of an object is drawn from the same distributions for every
class; only the change over time tells the class. An object that swings along one
axis is therefore displaced along the other by as much as it could have swung, and
every object has a size at which a pulse could have caught it.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .classes import CLASS_NAMES, TEMPO_BANDS_HZ, motion_and_tempo
from .options import SceneOptions
from .scene import SHAPES, Colour, FloatArray, Track, random_colour


@dataclass(frozen=True)
class Action:
    """One cyclic motion.

    Attributes:
        label: Class index.
        tempo_hz: Cycles per second.
        phase: Phase at the first frame, radians.
        direction: Sense of an orbit on the screen: 1 counter-clockwise, -1 clockwise.
    """

    label: int
    tempo_hz: float
    phase: float
    direction: int

    @property
    def motion(self) -> str:
        """One of ``MOTIONS``."""
        return motion_and_tempo(self.label)[0]

    def record(self) -> dict[str, Any]:
        """The true values, for the list of metadata."""
        motion, tempo = motion_and_tempo(self.label)
        names = {'class_name': CLASS_NAMES[self.label], 'motion': motion}
        return {**asdict(self), **names, 'tempo': tempo}


def sample_action(rng: np.random.Generator, label: int) -> Action:
    """Draw tempo, phase and direction of an action of a class."""
    _, tempo = motion_and_tempo(label)
    return Action(
        label=label,
        tempo_hz=float(rng.uniform(*TEMPO_BANDS_HZ[tempo])),
        phase=float(rng.uniform(0, 2 * np.pi)),
        direction=int(rng.choice([-1, 1])),
    )


@dataclass(frozen=True)
class Actor:
    """The object that moves, before it moves; lengths are in pixels.

    Attributes:
        shape: A key of ``SHAPES``.
        colour: RGB.
        angle: Rotation, radians.
        centre: Mean place, x and y.
        radius: Mean circumradius.
        travel: Amplitude of a swing or an orbit.
        pulse_depth: Amplitude of a pulse, as a fraction of the radius.
        rest: Phases of x, y and radius while these do not move, radians.
    """

    shape: str
    colour: Colour
    angle: float
    centre: tuple[float, float]
    radius: float
    travel: float
    pulse_depth: float
    rest: tuple[float, float, float]

    def track(self, phases: FloatArray) -> Track:
        """Place the object by the phases of x, y and radius, (3, T), radians."""
        x, y, size = np.sin(phases)
        return Track(
            shape=self.shape,
            colour=self.colour,
            angle=self.angle,
            x=self.centre[0] + self.travel * x,
            y=self.centre[1] + self.travel * y,
            radius=self.radius * (1 + self.pulse_depth * size),
        )


def sample_actor(
    rng: np.random.Generator,
    options: SceneOptions,
    colour: Callable[[np.random.Generator], Colour] = random_colour,
) -> Actor:
    """Draw an object that stays in the picture whatever it does."""
    side = options.size
    reach = options.travel[1] + options.radius[1] + options.camera_drift
    free = max(0.5 - reach, 0.0)
    x, y = side * rng.uniform(0.5 - free, 0.5 + free, size=2)
    return Actor(
        shape=str(rng.choice(list(SHAPES))),
        colour=colour(rng),
        angle=float(rng.uniform(0, 2 * np.pi)),
        centre=(float(x), float(y)),
        radius=float(side * rng.uniform(*options.radius)),
        travel=float(side * rng.uniform(*options.travel)),
        pulse_depth=float(rng.uniform(*options.pulse_depth)),
        rest=tuple(rng.uniform(0, 2 * np.pi, size=3).tolist()),
    )


def action_phases(action: Action, actor: Actor, seconds: FloatArray) -> FloatArray:
    """Phases of x, y and radius while an action runs.

    Args:
        action: What is done.
        actor: Who does it; what the action leaves alone keeps the actor's rest phase.
        seconds: Times since the action's start, (T,).

    Returns:
        Radians, (3, T).
    """
    angle = action.phase + 2 * np.pi * action.tempo_hz * seconds
    return motion_phases(action.motion, action.direction, angle, actor.rest)


def motion_phases(
    motion: str, direction: int, angle: FloatArray, rest: tuple[float, float, float]
) -> FloatArray:
    """Phases of x, y and radius in a motion.

    Args:
        motion: One of ``MOTIONS``.
        direction: Sense of an orbit on the screen, as in :class:`Action`.
        angle: Phase of the motion, (T,), radians.
        rest: Phases of x, y and radius where the motion leaves them alone, radians.

    Returns:
        Radians, (3, T).
    """
    phases = np.repeat(np.array(rest)[:, None], len(angle), axis=1)
    if motion in ('swing_horizontal', 'orbit'):
        phases[0] = angle
    if motion == 'swing_vertical':
        phases[1] = angle
    if motion == 'orbit':
        phases[1] = angle + direction * np.pi / 2
    if motion == 'pulse':
        phases[2] = angle
    return phases
