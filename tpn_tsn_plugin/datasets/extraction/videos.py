"""Which videos are meant: those of a folder, of a list file, or one."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tpn_tsn_plugin.datasets.annotation_list import read_list
from tpn_tsn_plugin.datasets.video_files import VIDEO_SUFFIXES, some_of
from tpn_tsn_plugin.errors import AnnotationError, MissingVideoError


@dataclass(frozen=True)
class Video:
    """One video.

    Attributes:
        path: The file.
        name: Its path below the root, without suffix, as samples have it for their
            ``video_id``.
        labels: What the list says after the path.
    """

    path: Path
    name: str
    labels: tuple[str, ...] = ()


def find_videos(
    source: Path, root: Path | None = None, *, must_exist: bool = True
) -> list[Video]:
    """Find videos.

    Args:
        source: A folder, searched with all folders in it; a video; or a list file of
            lines ``path``, ``path label`` or ``path label label ...``.
        root: Folder that names count from. None takes the folder that is searched,
            that of the video, or that of the list.
        must_exist: Whether a list may not name videos that do not exist.

    Returns:
        The videos, in the order of the list or of their names.

    Raises:
        MissingVideoError: There is no such folder or file, no video in it, or one that
            the list names does not exist.
        AnnotationError: The list cannot be used, videos lie outside of the root, or
            two have one name.
    """
    if source.is_dir():
        root = root or source
        videos = [_video(path, root) for path in _walk(source)]
    elif source.suffix.lower() in VIDEO_SUFFIXES:
        videos = [_video(source, root or source.parent)]
    elif source.is_file():
        videos = list(_listed(source, root or source.parent, must_exist))
    else:
        videos = []
    if not videos or not (source.is_dir() or source.is_file()):
        raise MissingVideoError(
            f'{source} is no video, list or folder of videos; videos end in '
            f'{", ".join(VIDEO_SUFFIXES)}'
        )
    _require_distinct(videos)
    return videos


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(name for name in folders if not name.startswith('.'))
        for name in sorted(names):
            hidden = name.startswith('.')
            if not hidden and os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES:
                yield Path(place) / name


def _listed(source: Path, root: Path, must_exist: bool) -> Iterator[Video]:
    labelled = None
    for place, line in read_list(str(source), None):
        words = line.split(' ')
        # A path may hold spaces; labels are numbers after it.
        end = len(words)
        while end > 1 and words[end - 1].isdecimal():
            end -= 1
        video = _video(root / ' '.join(words[:end]).strip(), root, words[end:])
        # A mistake in a list is found before hours of work, not after.
        if must_exist and not video.path.is_file():
            raise MissingVideoError(
                f'{place}: {video.path} does not exist; a line is a path below {root} '
                '(--root), followed by labels, which are whole numbers, if any'
            )
        if labelled not in (None, end < len(words)):
            raise AnnotationError(
                f'{place}: the line has {"no" if labelled else "a"} label, unlike '
                'those before; label all lines or none'
            )
        labelled = end < len(words)
        yield video


def _video(path: Path, root: Path, labels: Iterable[str] = ()) -> Video:
    name = Path(os.path.relpath(path, root)).with_suffix('').as_posix()
    if name.split('/')[0] == '..':
        raise AnnotationError(
            f'{path} does not lie in {root}; give the folder that holds all videos '
            'as the root (--root)'
        )
    return Video(path, name, tuple(labels))


def _require_distinct(videos: Sequence[Video]) -> None:
    paths: dict[str, Path] = {}
    for video in videos:
        other = paths.setdefault(video.name, video.path)
        if other != video.path:
            raise AnnotationError(
                f'{other} and {video.path} differ in their suffix only, and would be '
                'written to one place; rename or remove one'
            )
    inside = [
        f'{name} and {place}'
        for name in paths
        for place in _folders_above(name)
        if place in paths
    ]
    if inside:
        raise AnnotationError(
            f'videos would be written into the folders of others: {some_of(inside)}; '
            'rename them'
        )


def _folders_above(name: str) -> Iterator[str]:
    while '/' in name:
        name = name.rpartition('/')[0]
        yield name
