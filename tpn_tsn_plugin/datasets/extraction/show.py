"""Choosing frames of a video, and computing what pictures show of them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.functional.camera_motion import estimate_warped_pairs
from tpn_tsn_plugin.functional.optical_flow import estimate_pairs

from .one_video import VideoFrames
from .pictures import Shown


class ShownVideo:
    """A video that pictures are made of.

    Args:
        path: The video.
        algorithm: A key of ``ALGORITHMS``.

    Raises:
        PluginError: It cannot be opened, or has one frame only.
    """

    def __init__(self, path: Path, algorithm: str) -> None:
        self.path = path
        self.algorithm = algorithm
        self._frames = VideoFrames(path, None)
        self.fps = self._frames.fps

    @property
    def fields(self) -> int:
        """Number of fields: frames that have another one after them."""
        return len(self._frames) - 1

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of a frame."""
        height, width, _ = self._frames[0].shape
        return width, height

    def spread(self, count: int) -> list[int]:
        """Indices of frames in the middles of ``count`` equal spans of the video."""
        count = min(count, self.fields)
        return [int((i + 0.5) * self.fields / count) for i in range(count)]

    def following(self, count: int, start: float) -> list[int]:
        """Indices of neighbouring frames from a time in seconds on, as many as are.

        Raises:
            PluginError: The video is shorter.
        """
        first = int(start * self.fps)
        if first >= self.fields:
            raise PluginError(
                f'{self.path} has {self.fields / self.fps:.2f} s with motion to show, '
                f'got start={start:g}; begin earlier'
            )
        return list(range(first, min(first + count, self.fields)))

    def compute(self, indices: Sequence[int]) -> Iterator[Shown]:
        """Compute what is shown of frames, one after another.

        Raises:
            PluginError: A frame cannot be decoded.
            ValueError: Frames are too small for the algorithm.
        """
        for index in indices:
            frame = self._frames[index]
            before, after = (
                np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
                for image in (frame, self._frames[index + 1])
            )
            (field,) = estimate_pairs([(before, after)], self.algorithm)
            pairs = [(before, after)]
            ((warped, steadied),) = estimate_warped_pairs(pairs, self.algorithm)
            yield Shown(index, index / self.fps, frame, field, warped, steadied)
