"""Whether a video can be read as data pipelines read it."""

import os.path as osp
from dataclasses import dataclass, replace
from pathlib import Path

import decord

from tpn_tsn_plugin.datasets.sequential_video import UNREADABLE
from tpn_tsn_plugin.native_messages import silenced

# Frames are decoded whole and then made small, for the memory's sake.
SIDE = 16
# What decord says of sound alone.
NO_VIDEO_STREAM = 'cannot find video stream'


@dataclass(frozen=True)
class VideoCheck:
    """What came of checking a video.

    Attributes:
        path: The file.
        size: Its bytes, None if it is no file.
        modified: When it was last changed, in nanoseconds, None if it is no file.
        quick: Whether only three of its frames were decoded.
        frames: Its number of frames, None if it cannot be opened.
        fault: Why it cannot be read, one line; empty if it can.
    """

    path: str
    size: int | None
    modified: int | None
    quick: bool
    frames: int | None = None
    fault: str = ''

    def is_of(self, other: 'VideoCheck') -> bool:
        """Whether it says all that another check of the file would say."""
        same = (self.size, self.modified) == (other.size, other.modified)
        return same and (other.quick or not self.quick)


def describe_file(path: Path, quick: bool) -> VideoCheck:
    """What tells whether a file was changed since it was checked."""
    if osp.isdir(path):
        return VideoCheck(str(path), None, None, quick, fault='it is a folder')
    # Names that no file can have do not exist either.
    if not osp.exists(path):
        return VideoCheck(str(path), None, None, quick, fault='it does not exist')
    status = path.stat()
    return VideoCheck(str(path), status.st_size, status.st_mtime_ns, quick)


def check_video(path: Path, quick: bool = False) -> VideoCheck:
    """Decode a video with decord, as pipelines do.

    Args:
        path: The video.
        quick: Whether its first, middle and last frame are enough.
    """
    found = describe_file(path, quick)
    if found.fault:
        return found
    frames, fault = None, ''
    decord.logging.set_level(decord.logging.QUIET)
    try:
        with path.open('rb'):
            pass
        with silenced():
            reader = decord.VideoReader(
                str(path), width=SIDE, height=SIDE, num_threads=1
            )
        frames = len(reader)
        fault = _first_fault(reader, quick)
    except OSError as error:
        fault = f'it cannot be opened ({error.strerror})'
    except UNREADABLE as error:
        sound_alone = NO_VIDEO_STREAM in str(error)
        fault = (
            'it has no video stream' if sound_alone else 'it is damaged, or no video'
        )
    return replace(found, frames=frames, fault=fault)


def _first_fault(reader: decord.VideoReader, quick: bool) -> str:
    count = len(reader)
    if not count:
        return 'it has no frames'
    for index in sorted({0, count // 2, count - 1}) if quick else range(count):
        try:
            reader[index]
        except UNREADABLE:
            return f'frame {index} of {count} cannot be decoded'
    return ''
