"""How many frames a sample has, and how many a second."""

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

from tpn_tsn_plugin.errors import PluginError


def require_rate(name: str, value: float | None) -> None:
    """Check an option that is a number per second.

    Raises:
        ValueError: It is given and no number above 0.
    """
    if value is None:
        return
    number = isinstance(value, Real) and not isinstance(value, bool)
    if not number or not 0 < value < math.inf:
        raise ValueError(f'{name} must be a number above 0, got {value!r}')


def frames_per_second(results: Mapping[str, Any], fps: float | None) -> float:
    """Find a sample's frame rate.

    Args:
        results: The sample. ``DecordInit`` notes the rate as ``avg_fps``; the reader
            of ``OpenCVInit`` knows it.
        fps: The user's word, which counts more.

    Raises:
        PluginError: Nothing says the rate.
    """
    reader = results.get('video_reader')
    rate = fps or results.get('avg_fps') or getattr(reader, 'fps', None)
    if not rate:
        name = results.get('frame_dir') or results.get('filename')
        raise PluginError(
            f'the frame rate of {name} is not known; give the transform the option '
            'fps (frames per second)'
        )
    return float(rate)


def require_frames(results: Mapping[str, Any]) -> None:
    """Check that a sample has a frame.

    Raises:
        PluginError: It has none; the message names the video.
    """
    if results['total_frames'] < 1:
        name = results.get('frame_dir') or results.get('filename')
        raise PluginError(f'{name} has no frames to sample')
