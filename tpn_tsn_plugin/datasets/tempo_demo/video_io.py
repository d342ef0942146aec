"""Writing small MPEG-4 files."""

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray


def write_video(path: Path, frames: Iterable[NDArray[np.uint8]], fps: float) -> int:
    """Write frames as MPEG-4 part 2, the codec that every OpenCV build brings.

    Args:
        path: File to write, ending in ``.mp4``.
        frames: One or more of (H, W, 3), RGB; H and W even. Taken one by one.
        fps: Frames per second.

    Returns:
        Number of frames.

    Raises:
        OSError: OpenCV cannot open the file or the codec, or a frame is missing.
    """
    remaining = iter(frames)
    first = next(remaining)
    height, width, _ = first.shape
    codec = cv2.VideoWriter.fourcc(*'mp4v')
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, codec, fps, (width, height))
    if not writer.isOpened():
        raise OSError(f'OpenCV cannot write MPEG-4 video to {path}')
    count = 0
    for frame in chain([first], remaining):
        writer.write(cv2.cvtColor(frame, cv2.COLOR_RGB2BGR))
        count += 1
    writer.release()
    # The writer reports no failure: a full disk shows only in what can be read back.
    reader = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
    written = int(reader.get(cv2.CAP_PROP_FRAME_COUNT))
    reader.release()
    if written != count:
        raise OSError(f'{path} holds {written} of {count} frames; is the disk full?')
    return count
