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
    source: Path, root: Path | None = None, *, for_writing: bool = True
) -> list[Video]:
    """Find videos.

    Args:
        source: A folder, searched with all folders in it; a video; or a list file of
            lines ``path``, ``path label`` or ``path label label ...``.
        root: Folder that names count from. None takes the folder that is searched,
            that of the video, or that of the list.
        for_writing: Whether files will be made of the videos and a list of these. The
            videos must then exist and lie below the root, each under a name of its
            own, and all have labels or none.

    Returns:
        The videos, in the order of the list or of their names.

    Raises:
        MissingVideoError: There is no such folder or file, or no video in it; or one
            that the list names does not exist (``for_writing``).
        AnnotationError: The list cannot be read; or lines have labels and others have
            none, videos lie outside of the root, or two have one name
            (``for_writing``).
    """
    if root is None:
        root = source if source.is_dir() else source.parent
    if source.is_dir():
        videos = [_video(path, root, for_writing) for path in _walk(source)]
    elif source.suffix.lower() in VIDEO_SUFFIXES:
        videos = [_video(source, root, for_writing)] if source.is_file() else []
    elif source.is_file():
        videos = list(_listed(source, root, for_writing))
    else:
        videos = []
    if not videos:
        raise MissingVideoError(
            f'{source} is no video, list or folder of videos; videos end in '
            f'{", ".join(VIDEO_SUFFIXES)}'
        )
    if for_writing:
        _require_distinct(videos)
    return videos


def _walk(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder, followlinks=True):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith('.') and not _leads_back(place, name)
        )
        for name in sorted(names):
            hidden = name.startswith('.')
            if not hidden and os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES:
                yield Path(place) / name


def _leads_back(place: str, name: str) -> bool:
    """Whether a folder is a link to one that it lies in, which has no end."""
    path = os.path.join(place, name)
    if not os.path.islink(path):
        return False
    target = os.path.realpath(path)
    return os.path.commonpath([target, os.path.realpath(place)]) == target


def _listed(source: Path, root: Path, for_writing: bool) -> Iterator[Video]:
    labelled = None
    for place, line in read_list(str(source), None):
        words = line.split(' ')
        # A path may hold spaces; labels are numbers after it.
        end = len(words)
        while end > 1 and words[end - 1].isdecimal():
            end -= 1
        path = root / ' '.join(words[:end]).strip()
        video = _video(path, root, for_writing, words[end:])
        # A mistake in a list is found before hours of work, not after.
        # Unlike Path.is_file, takes names that no file can have.
        if for_writing and not os.path.isfile(path):
            raise MissingVideoError(
                f'{place}: {path} does not exist; a line is a path below {root} '
                '(--root), followed by labels, which are whole numbers, if any'
            )
        if for_writing and labelled not in (None, end < len(words)):
            raise AnnotationError(
                f'{place}: the line has {"no" if labelled else "a"} label, unlike '
                'those before; label all lines or none'
            )
        labelled = end < len(words)
        yield video


def _video(
    path: Path, root: Path, for_writing: bool, labels: Iterable[str] = ()
) -> Video:
    name = Path(os.path.splitext(os.path.relpath(path, root))[0]).as_posix()
    if for_writing and name.split('/')[0] == '..':
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
