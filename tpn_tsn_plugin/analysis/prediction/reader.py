"""Reading what overlapping windows of a video need, each frame once.

Of the pictures no more are held than windows that overlap need.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.sequential_video import Image, SequentialVideo


class Needs(Protocol):
    """Something that needs some frames of a part of the video."""

    @property
    def frames(self) -> NDArray[np.int64]:
        """Which, in the order of use; a frame may come several times."""


Part = TypeVar('Part', bound=Needs)


def stream(
    video: SequentialVideo, parts: Iterable[Part]
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
