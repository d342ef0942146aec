"""Trimmed clips of the tempo task: one object moves, all else distracts."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .actions import action_phases, sample_action, sample_actor
from .options import SceneOptions
from .scene import (
    Colour,
    FloatArray,
    Track,
    camera_margin,
    random_background,
    random_colour,
    render,
)


def sample_distractors(
    rng: np.random.Generator,
    options: SceneOptions,
    num_frames: int,
    colour: Callable[[np.random.Generator], Colour] = random_colour,
) -> list[Track]:
    """Draw objects that stand still or drift along a line, anywhere in the picture."""
    tracks = []
    for _ in range(rng.integers(0, options.max_distractors + 1)):
        actor = sample_actor(rng, options, colour)
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

    Its knots are ``KNOT_SECONDS`` apart, too slow to be mistaken for an action.
    """
    apart = options.KNOT_SECONDS * options.fps
    knots = int(np.ceil(num_frames / apart)) + 2
    reach = options.size * options.camera_drift
    places = rng.uniform(-reach, reach, size=(knots, 2))
    times = np.arange(num_frames) / apart
    left = times.astype(int)
    share = (times - left)[:, None]
    # A raised cosine between knots has no corner that a network could see.
    ease = (1 - np.cos(np.pi * share)) / 2
    return places[left] * (1 - ease) + places[left + 1] * ease


def draw_video(
    rng: np.random.Generator,
    options: SceneOptions,
    actors: list[Track],
    distractor_colour: Callable[[np.random.Generator], Colour] = random_colour,
) -> NDArray[np.uint8]:
    """Surround moving objects with all that varies within a class, and render."""
    num_frames = len(actors[0].x)
    camera = sample_camera(rng, options, num_frames)
    background = random_background(
        rng, options.size, camera_margin(camera), options.background_contrast
    )
    around = sample_distractors(rng, options, num_frames, distractor_colour)
    noise = float(rng.uniform(*options.noise))
    return render(around + actors, background, camera, noise, rng)


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
