"""Reading a video of any length: its times at once, its frames one after another.

decord numbers frames as data pipelines see them and keeps an index of times, a few
bytes a frame; of the pictures no more are held than windows that overlap need.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Protocol, TypeVar

import decord
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.extraction.one_video import UNREADABLE
from tpn_tsn_plugin.errors import MissingVideoError, PluginError

Image = NDArray[np.uint8]


class VideoFile:
    """A video that is read from its start to its end.

    Args:
        path: The video.
        threads: Threads that decode, 0 for as many as FFmpeg likes.

    Attributes:
        path: The video.
        fps: Frames per second, on average.
        times: (frames,) when each frame is shown, in seconds from the first one; the
            file's own where it has them, so that a varying frame rate is right.
        duration: When the last frame ends, in seconds.

    Raises:
        MissingVideoError: There is no such file.
        PluginError: It cannot be opened, or has one frame only.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        if path.is_dir():
            raise MissingVideoError(f'{path} is a folder; give the videos in it')
        if not path.is_file():
            raise MissingVideoError(f'{path} does not exist')
        # FFmpeg has a line for every block of a damaged video.
        decord.logging.set_level(decord.logging.FATAL)
        try:
            self._reader = decord.VideoReader(str(path), num_threads=threads)
            count = len(self._reader)
            spans = self._reader.get_frame_timestamp(range(count))
        except UNREADABLE as error:
            raise PluginError(f'{path} cannot be opened, it may be damaged') from error
        if count < 2:
            raise PluginError(f'{path} has one frame only; a video has two or more')
        self.path = path
        self.fps = float(self._reader.get_avg_fps())
        self.times, self.duration = read_times(spans, self.fps)

    def __len__(self) -> int:
        return len(self.times)

    def __getitem__(self, index: int) -> Image:
        """Decode a frame, (H, W, 3) RGB; going forwards nothing is decoded twice.

        Raises:
            PluginError: It cannot be decoded.
        """
        try:
            return self._reader[int(index)].asnumpy()
        except UNREADABLE as error:
            raise PluginError(
                f'{self.path} cannot be read whole: frame {index} of {len(self)} '
                'cannot be decoded'
            ) from error


def read_times(
    spans: NDArray[np.floating], fps: float
) -> tuple[NDArray[np.float64], float]:
    """Make times of what a file says.

    Args:
        spans: (frames, 2), start and end of each frame in seconds.
        fps: Frames per second, on average.

    Returns:
        Starts, from 0 on, and the end of the last frame. Where the file's times go
        backwards they cannot be right, and are those of an even frame rate.
    """
    starts = np.asarray(spans[:, 0], np.float64)
    starts = starts - starts[0]
    if not (np.diff(starts) > 0).all():
        starts = np.arange(len(starts)) / fps
    return starts, float(starts[-1] + 1 / fps)


class Needs(Protocol):
    """Something that needs some frames of a part of the video."""

    @property
    def frames(self) -> NDArray[np.int64]:
        """Which, in the order of use; a frame may come several times."""


Part = TypeVar('Part', bound=Needs)


def stream(
    video: VideoFile, parts: Iterable[Part]
) -> Iterator[tuple[Part, list[Image]]]:
    """Read the frames of parts that follow each other, and may overlap.

    Args:
        video: The video.
        parts: In the order of their first frames.

    Yields:
        Each part and its frames, in the order of the part. Each frame is decoded once.

    Raises:
        PluginError: A frame cannot be decoded.
    """
    coming = iter(parts)
    ahead: deque[Part] = deque()
    kept: dict[int, Image] = {}
    following = next(coming, None)
    while ahead or following is not None:
        # Frames of parts that start before this one ends are read in passing.
        while following is not None and (
            not ahead or following.frames.min() <= ahead[0].frames.max()
        ):
            ahead.append(following)
            following = next(coming, None)
        last = ahead[0].frames.max()
        wanted = {int(i) for part in ahead for i in part.frames if i <= last}
        for index in sorted(wanted - kept.keys()):
            kept[index] = video[index]
        part = ahead.popleft()
        yield part, [kept[int(i)] for i in part.frames]
        needed = {int(i) for part in ahead for i in part.frames}
        kept = {index: frame for index, frame in kept.items() if index in needed}
