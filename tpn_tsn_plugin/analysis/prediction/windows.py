"""Cutting a long video into windows, each of which is predicted like a short video."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from mmaction.datasets.transforms import SampleFrames
from mmcv.transforms import BaseTransform
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.transforms import (
    FixedRateSampleFrames,
    SegmentSampleFrames,
    StridedSampleFrames,
)

# Files keep times as 32-bit numbers, or in whole milliseconds.
TIME_STEP = 1e-3
# The rate at which TSN looks at untrimmed videos (TPAMI 2018).
SNIPPETS_PER_SECOND = 1.0


@dataclass(frozen=True)
class Window:
    """A part of a video.

    Attributes:
        start: First second.
        end: Last second.
        frames: Frames of the video that are shown in it, in their order.
    """

    start: float
    end: float
    frames: NDArray[np.int64]


def cut(
    times: NDArray[np.float64],
    duration: float,
    *,
    length: float,
    stride: float,
    least: int = 1,
) -> Iterator[Window]:
    """Cut a video into windows.

    A window counts if its middle lies in the video, so that a rest of half a window or
    more has one of its own, which ends where the video ends. The first always counts.

    Args:
        times: When each frame is shown, in seconds.
        duration: Length of the video in seconds.
        length: Length of a window in seconds.
        stride: From the start of a window to the start of the next, in seconds.
        least: Frames that a window must have. Where fewer start in it, as the frame
            rate varies, the frame that is still shown stands for them.

    Yields:
        The windows, in the order of time.

    Raises:
        ValueError: A length is not above 0, or windows are shorter than ``least``
            frames usually last.
    """
    for name, value in (('--window', length), ('--stride', stride)):
        if not value > 0:
            raise ValueError(f'{name} must be above 0 seconds, got {value:g}')
    usual = float(np.median(np.diff(times)))
    if length < least * usual - TIME_STEP:
        raise ValueError(
            f'--window must be {least * usual:.2g} seconds or more, {least} '
            f'frame{"s" * (least > 1)} of this video, got {length:g}'
        )
    number = 0
    while number == 0 or number * stride + length / 2 <= duration + TIME_STEP:
        start = number * stride
        end = min(start + length, duration)
        first, stop = np.searchsorted(times, [start - TIME_STEP, end - TIME_STEP])
        yield Window(start, end, _shown(int(first), int(stop), least))
        number += 1


def window_length(sampler: BaseTransform, fps: float) -> float:
    """The time span that a sampler is made for, in seconds.

    That is the span of its clip; one snippet's time where snippets come at a fixed
    rate; and for samplers that spread K snippets over any video, K seconds.

    Args:
        sampler: The transform that chooses frames.
        fps: Frames per second of the video.
    """
    if isinstance(sampler, FixedRateSampleFrames):
        return 1 / sampler.rate
    clips = getattr(sampler, 'num_clips', 1)
    frames = getattr(sampler, 'clip_len', 1)
    if isinstance(sampler, StridedSampleFrames):
        return ((clips - 1) * sum(sampler.stride) // 2 + frames) / fps
    span = frames * getattr(sampler, 'frame_interval', 1)
    span /= getattr(sampler, 'target_fps', None) or fps
    spread = not isinstance(sampler, SampleFrames) or isinstance(
        sampler, SegmentSampleFrames
    )
    if spread or clips > 1 or frames == 1:
        return max(clips / SNIPPETS_PER_SECOND, span)
    return span


def _shown(first: int, stop: int, least: int) -> NDArray[np.int64]:
    if first == stop:
        return np.full(least, max(first - 1, 0))
    if stop - first < least:
        return np.maximum(np.arange(stop - least, stop), 0)
    return np.arange(first, stop)
