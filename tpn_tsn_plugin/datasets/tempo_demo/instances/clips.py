"""One cycle of a motion, with rest around it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.tempo_demo.actions import (
    action_phases,
    sample_action,
    sample_actor,
)
from tpn_tsn_plugin.datasets.tempo_demo.clips import draw_video
from tpn_tsn_plugin.datasets.tempo_demo.options import SceneOptions
from tpn_tsn_plugin.datasets.tempo_demo.scene import Track

from .options import SHORTEST_REST


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
