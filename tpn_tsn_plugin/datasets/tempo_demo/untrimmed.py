"""Untrimmed videos of the tempo task: actions with background between them.

Four kinds follow one another, so that every use has its case: several actions with
background between them, one action in a small part of the video, one action from
the first frame to the last, and nothing but background.
"""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .actions import Action, Actor, action_phases, sample_action, sample_actor
from .classes import CLASS_NAMES
from .clips import draw_video
from .options import SceneOptions
from .scene import FloatArray

KINDS: tuple[str, ...] = ('several', 'short', 'full', 'background')

# Seconds. An action lasts at least one cycle of the slowest tempo.
DURATION = (20.0, 36.0)
ACTION_LENGTH = (4.0, 6.0)
SHORTEST_GAP = 1.5
MOST_ACTIONS = 3

Interval = tuple[float, float]


def _intervals(rng: np.random.Generator, kind: str, duration: float) -> list[Interval]:
    """Draw when actions happen: they never overlap, and never touch."""
    if kind == 'background':
        return []
    if kind == 'full':
        return [(0.0, duration)]
    count = 1 if kind == 'short' else int(rng.integers(2, MOST_ACTIONS + 1))
    longest = duration / count - 2 * SHORTEST_GAP
    low, high = (min(bound, longest) for bound in ACTION_LENGTH)
    lengths = rng.uniform(low, high, size=count)
    spare = duration - lengths.sum() - SHORTEST_GAP * (count + 1)
    gaps = SHORTEST_GAP + spare * rng.dirichlet(np.ones(count + 1))
    ends = np.cumsum(gaps[:count] + lengths)
    return [(float(e - n), float(e)) for e, n in zip(ends, lengths, strict=True)]


def _phases(
    actor: Actor, plan: list[tuple[Interval, Action]], seconds: FloatArray
) -> FloatArray:
    """Phases of x, y and radius over a whole video, (3, T), radians.

    Each action starts where the one before has left the actor, and background eases
    the actor into it, so no jump marks a border.
    """
    phases = np.repeat(np.array(actor.rest)[:, None], len(seconds), axis=1)
    clock = 0.0
    for (start, end), action in plan:
        state = np.array(actor.rest)
        first = action_phases(action, actor, np.zeros(1))[:, 0]
        # The shorter way round, so that background never turns into a cycle.
        turn = (first - state + np.pi) % (2 * np.pi) - np.pi
        gap = (seconds >= clock) & (seconds < start)
        share = (seconds[gap] - clock) / max(start - clock, 1e-9)
        ease = (1 - np.cos(np.pi * share)) / 2
        phases[:, gap] = state[:, None] + turn[:, None] * ease
        inside = (seconds >= start) & (seconds < end)
        phases[:, inside] = action_phases(action, actor, seconds[inside] - start)
        last = action_phases(action, actor, np.array([end - start]))[:, 0]
        phases[:, seconds >= end] = last[:, None]
        actor = replace(actor, rest=tuple(last.tolist()))
        clock = end
    return phases


def make_untrimmed(
    rng: np.random.Generator, options: SceneOptions, index: int
) -> tuple[NDArray[np.uint8], dict[str, Any]]:
    """Make one untrimmed video.

    Args:
        rng: The video's own stream; nothing else is drawn from it.
        options: Look and difficulty.
        index: Position in the list; chooses the kind.

    Returns:
        Frames, (T, H, W, 3), RGB, and the true values: the kind, and per action its
        ``segment`` in seconds beside the fields of :class:`Action`.
    """
    kind = KINDS[index % len(KINDS)]
    num_frames = round(float(rng.uniform(*DURATION)) * options.fps)
    seconds = np.arange(num_frames) / options.fps
    segments = _intervals(rng, kind, num_frames / options.fps)
    labels = rng.choice(len(CLASS_NAMES), size=len(segments), replace=False)
    actor = sample_actor(rng, options)
    plan = [
        (segment, sample_action(rng, int(label)))
        for segment, label in zip(segments, labels, strict=True)
    ]
    frames = draw_video(rng, options, [actor.track(_phases(actor, plan, seconds))])
    actions = [{'segment': list(s), **action.record()} for s, action in plan]
    return frames, {'kind': kind, 'num_frames': num_frames, 'actions': actions}
