"""Trimmed clips of the tempo task: one object moves, all else distracts.

What one frame shows (place, size, colour, company) is drawn from the same
distributions for every class; only the change over time tells the class. An object
that swings along one axis is therefore displaced along the other by as much as it
could have swung, and every object has a size at which a pulse could have caught it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .classes import CLASS_NAMES, TEMPO_BANDS_HZ, motion_and_tempo
from .scene import (
    SHAPES,
    FloatArray,
    Track,
    camera_margin,
    random_background,
    random_colour,
    render,
)

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
    colour: tuple[int, int, int]
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


def sample_actor(rng: np.random.Generator, options: SceneOptions) -> Actor:
    """Draw an object that stays in the picture whatever it does."""
    side = options.size
    reach = options.travel[1] + options.radius[1] + options.camera_drift
    free = max(0.5 - reach, 0.0)
    x, y = side * rng.uniform(0.5 - free, 0.5 + free, size=2)
    return Actor(
        shape=str(rng.choice(list(SHAPES))),
        colour=random_colour(rng),
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
    phases = np.repeat(np.array(actor.rest)[:, None], len(seconds), axis=1)
    if action.motion in ('swing_horizontal', 'orbit'):
        phases[0] = angle
    if action.motion == 'swing_vertical':
        phases[1] = angle
    if action.motion == 'orbit':
        phases[1] = angle + action.direction * np.pi / 2
    if action.motion == 'pulse':
        phases[2] = angle
    return phases


def sample_distractors(
    rng: np.random.Generator, options: SceneOptions, num_frames: int
) -> list[Track]:
    """Draw objects that stand still or drift along a line, anywhere in the picture."""
    tracks = []
    for _ in range(rng.integers(0, options.max_distractors + 1)):
        actor = sample_actor(rng, options)
        start = options.size * rng.uniform(0.1, 0.9, size=2)
        step = rng.uniform(-1, 1, size=2) * rng.integers(0, 2)
        reach = options.size * options.distractor_drift * step
        path = start[:, None] + reach[:, None] * np.linspace(0, 1, num_frames)
        size = actor.radius * (1 + actor.pulse_depth * np.sin(actor.rest[2]))
        radius = np.full(num_frames, size)
        look = (actor.shape, actor.colour, actor.angle)
        tracks.append(Track(*look, x=path[0], y=path[1], radius=radius))
    return tracks


def sample_camera(
    rng: np.random.Generator, options: SceneOptions, num_frames: int
) -> FloatArray:
    """Draw a smooth aimless path of the camera, (T, 2), pixels.

    Its knots are two seconds apart, too slow to be mistaken for an action.
    """
    knots = int(np.ceil(num_frames / (2 * options.fps))) + 2
    reach = options.size * options.camera_drift
    places = rng.uniform(-reach, reach, size=(knots, 2))
    times = np.arange(num_frames) / (2 * options.fps)
    left = times.astype(int)
    share = (times - left)[:, None]
    # A raised cosine between knots has no corner that a network could see.
    ease = (1 - np.cos(np.pi * share)) / 2
    return places[left] * (1 - ease) + places[left + 1] * ease


def draw_video(
    rng: np.random.Generator, options: SceneOptions, actors: list[Track]
) -> NDArray[np.uint8]:
    """Surround moving objects with all that varies within a class, and render."""
    num_frames = len(actors[0].x)
    camera = sample_camera(rng, options, num_frames)
    background = random_background(
        rng, options.size, camera_margin(camera), options.background_contrast
    )
    tracks = sample_distractors(rng, options, num_frames) + actors
    noise = float(rng.uniform(*options.noise))
    return render(tracks, background, camera, noise, rng)


def plan_clip(
    rng: np.random.Generator, options: SceneOptions, label: int
) -> tuple[Track, dict[str, Any]]:
    """Draw what moves in a trimmed clip of a class, and how.

    Args:
        rng: The clip's own stream.
        options: Look and difficulty.
        label: Class index.

    Returns:
        The moving object, and the true values as written to the metadata.
    """
    action = sample_action(rng, label)
    actor = sample_actor(rng, options)
    seconds = np.arange(options.num_frames) / options.fps
    track = actor.track(action_phases(action, actor, seconds))
    truth = {'travel_px': actor.travel, 'radius_px': actor.radius}
    return track, {**action.record(), **truth}


def make_clip(
    rng: np.random.Generator, options: SceneOptions, label: int
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Make one trimmed clip: :func:`plan_clip`, then :func:`draw_video`.

    Returns:
        Frames, (T, H, W, 3), RGB, and the true values.
    """
    track, truth = plan_clip(rng, options, label)
    return draw_video(rng, options, [track]), truth
