"""A video read from its start to its end, in memory that its length leaves alone.

decord numbers the frames, as data pipelines see them, and knows their times. OpenCV
decodes them: while somebody waits for its first frame, decord takes in as much of the
file as it can, and keeps all of that decoded, which may be thousands of frames.
Both stand on FFmpeg, and their pictures are the same, bit by bit.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import decord
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.containers import find_cut, find_gap
from tpn_tsn_plugin.errors import MissingVideoError, PluginError
from tpn_tsn_plugin.native_messages import silenced

Image = NDArray[np.uint8]
# What decord raises on files that it cannot read; its assertion counts frames.
UNREADABLE = (
    decord.DECORDError,
    decord.DECORDLimitReachedError,
    RuntimeError,
    AssertionError,
)
# FFmpeg's word for no messages at all; OpenCV reads it when it opens its first video.
QUIET = {'OPENCV_FFMPEG_LOGLEVEL': '-8'}


class SequentialVideo:
    """The frames of a video and their times.

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
        PluginError: It cannot be opened, a part of it is missing, or it has one frame
            only.
    """

    def __init__(self, path: Path, threads: int = 1) -> None:
        if path.is_dir():
            raise MissingVideoError(f'{path} is a folder; give the videos in it')
        if not path.is_file():
            raise MissingVideoError(f'{path} does not exist')
        # FFmpeg takes what there is for the whole, and passes over gaps.
        fault = find_cut(path) or find_gap(path)
        if fault:
            raise PluginError(f'{path} is damaged: {fault}; copy or download it anew')
        # FFmpeg has a line for every block of a damaged video.
        decord.logging.set_level(decord.logging.FATAL)
        for name, value in QUIET.items():
            os.environ.setdefault(name, value)
        try:
            with silenced():
                index = decord.VideoReader(_name(path), num_threads=threads)
            count = len(index)
            spans = index.get_frame_timestamp(range(count))
        except UnicodeEncodeError as error:
            raise PluginError(f'{path}: FFmpeg opens UTF-8 names; rename it') from error
        except UNREADABLE as error:
            raise PluginError(f'{path} cannot be opened, it may be damaged') from error
        if count < 2:
            raise PluginError(f'{path} has one frame only; a video has two or more')
        self.path = path
        self.fps = float(index.get_avg_fps())
        self.times, self.duration = read_times(spans, self.fps)
        self._threads = threads
        self._open()

    def __len__(self) -> int:
        return len(self.times)

    def __iter__(self) -> Iterator[Image]:
        return map(self.__getitem__, range(len(self)))

    def __getitem__(self, index: int) -> Image:
        """Decode a frame, (H, W, 3) RGB; going forwards nothing is decoded twice.

        Going backwards decoding starts anew at the first frame.

        Raises:
            PluginError: It cannot be decoded.
        """
        if index < self._decoded - 1:
            self._open()
        while self._decoded <= index and self._capture.grab():
            self._decoded += 1
        if self._decoded > index:
            good, frame = self._capture.retrieve()
        if self._decoded <= index or not good:
            raise PluginError(
                f'{self.path} cannot be read whole: frame {index} of {len(self)} '
                'cannot be decoded'
            )
        return np.asarray(cv2.cvtColor(frame, cv2.COLOR_BGR2RGB), np.uint8)

    def _open(self) -> None:
        options = [cv2.CAP_PROP_N_THREADS, self._threads]
        self._capture = cv2.VideoCapture(_name(self.path), cv2.CAP_FFMPEG, options)
        # Frames before this one are behind; the last of them can still be had.
        self._decoded = 0


def _name(path: Path) -> str:
    # Of a name like `a:b.mp4` alone FFmpeg takes the beginning for a protocol.
    return str(path.absolute())


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
