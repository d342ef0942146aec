"""How many frames a second a sample has."""

from collections.abc import Mapping
from typing import Any

from tpn_tsn_plugin.errors import PluginError


def require_rate(name: str, value: float | None) -> None:
    """Check an option that is a number per second.

    Raises:
        ValueError: It is given and not above 0.
    """
    if value is not None and not value > 0:
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
