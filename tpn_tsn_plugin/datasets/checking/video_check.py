"""Whether a video can be read as data pipelines read it."""

import io
import os.path as osp
from dataclasses import dataclass, replace
from pathlib import Path

import decord

from tpn_tsn_plugin.containers import find_cut, find_gap
from tpn_tsn_plugin.datasets.sequential_video import UNREADABLE
from tpn_tsn_plugin.native_messages import silenced

# Frames are decoded whole and then made small, for the memory's sake.
SIDE = 16
# Bytes of a file that is read before it is opened, which takes several times as many.
IN_MEMORY = 1 << 28
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
        lasting: Whether the finding is about the file's content, so that it holds until
            the file is changed. Permissions, patience and memory change otherwise.
        frames: Its number of frames, None if it cannot be opened.
        fault: Why it cannot be read, one line; empty if it can.
    """

    path: str
    size: int | None
    modified: int | None
    quick: bool
    lasting: bool
    frames: int | None = None
    fault: str = ''

    def is_of(self, other: 'VideoCheck') -> bool:
        """Whether it says all that another check of the file would say."""
        same = (self.size, self.modified) == (other.size, other.modified)
        return self.lasting and same and (other.quick or not self.quick)


def describe_file(path: Path, quick: bool) -> VideoCheck:
    """What tells whether a file was changed since it was checked."""
    nothing = VideoCheck(str(path), None, None, quick, lasting=False)
    if osp.isdir(path):
        return replace(nothing, fault='it is a folder')
    # Names that no file can have do not exist either.
    if not osp.exists(path):
        return replace(nothing, fault='it does not exist')
    status = path.stat()
    return VideoCheck(
        str(path), status.st_size, status.st_mtime_ns, quick, lasting=True
    )


def check_video(path: Path, quick: bool = False) -> VideoCheck:
    """Look at a video's container, and decode it with decord, as pipelines do.

    MMAction2's ``DecordInit`` reads a file into memory and opens it there, where decord
    crashes on some that it opens well on their disk. So this is for a process of its
    own.

    Args:
        path: The video.
        quick: Whether its first, middle and last frame are enough.
    """
    found = describe_file(path, quick)
    if found.fault:
        return found
    decord.logging.set_level(decord.logging.QUIET)
    try:
        with path.open('rb') as file:
            content = file.read() if (found.size or 0) <= IN_MEMORY else None
    except OSError as error:
        fault = f'it cannot be opened ({error.strerror})'
        return replace(found, fault=fault, lasting=False)
    fault = find_cut(path) or find_gap(path)
    if fault:
        return replace(found, fault=fault)
    source = str(path.absolute()) if content is None else io.BytesIO(content)
    frames = None
    try:
        with silenced():
            reader = decord.VideoReader(source, width=SIDE, height=SIDE, num_threads=1)
        frames = len(reader)
        fault = _first_fault(reader, quick)
    except UnicodeEncodeError:
        fault = 'it is large, and its name is not UTF-8'
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
    few = [0, count // 2, count - 1]
    # After all in their order, back to some, as clips that overlap do.
    for index in few if quick else [*range(count), *reversed(few)]:
        try:
            reader[index]
        except UNREADABLE:
            return f'frame {index} of {count} cannot be decoded'
    return ''
