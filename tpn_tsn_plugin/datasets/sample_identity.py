"""What tells samples apart: their ``video_id``.

It is the path below ``data_prefix`` without suffix, equal for a video and the folder of
its extracted frames. Predictions carry it, so that those of several streams are joined
by it and not by their position in a file.
"""

import posixpath
from collections.abc import Iterable, Iterator


def video_identity(filename: str, root: str) -> str:
    """Identity of a video file.

    Args:
        filename: Its path.
        root: Folder that the path counts from; a path elsewhere stays whole.
    """
    return posixpath.splitext(folder_identity(filename, root))[0]


def folder_identity(folder: str, root: str) -> str:
    """Identity of a folder of frames, of which no dot starts a suffix.

    Args:
        folder: Its path.
        root: Folder that the path counts from; a path elsewhere stays whole.
    """
    path = posixpath.normpath(folder)
    return path.removeprefix(posixpath.normpath(root).rstrip('/') + '/')


def part_identity(video_id: str, offset: int, frames: int) -> str:
    """Identity of some frames of a video.

    Args:
        video_id: The video's.
        offset: Frames before the part.
        frames: Frames in it.
    """
    return f'{video_id}@{offset}+{frames}'


def action_identity(video_id: str, span: tuple[float, float], label: int) -> str:
    """Identity of an action; actions of two classes may happen at the same time.

    Args:
        video_id: The video's.
        span: Start and end in seconds.
        label: Class index.
    """
    start, end = span
    return f'{video_id}@{start:.2f}-{end:.2f}s#{label}'


def numbered(identities: Iterable[str]) -> Iterator[str]:
    """Tell repeated identities apart: those after the first get a number from 2 on."""
    counts: dict[str, int] = {}
    for identity in identities:
        counts[identity] = counts.get(identity, 0) + 1
        yield identity if counts[identity] == 1 else f'{identity} ({counts[identity]})'
