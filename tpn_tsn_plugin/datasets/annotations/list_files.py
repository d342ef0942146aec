"""MMAction2's list files: from a data set's entries to lines of what is there."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tpn_tsn_plugin.errors import (
    AnnotationError,
    FrameFolderError,
    MissingVideoError,
    PluginError,
)

from ..transforms.frame_archive import find_archive
from ..transforms.frame_folder import find_all_frames
from ..video_files import VideoFinder
from .records import VideoEntry, VideoList

VIDEOS = '_videos.txt'
FRAMES = '_rawframes.txt'
# Returns the start of an entry's line, or raises PluginError.
Find = Callable[[VideoEntry], str]


class ListFile(NamedTuple):
    """A list file, not yet written.

    Args:
        name: File name; empty if the entries were only looked for.
        lines: Its lines.
        missing: Why a video or folder of frames cannot be used, by its path.
        actions: Path of the video, and why an action in it is left out, by the
            action's name; also those of missing videos.
        notes: What else is left out.
    """

    name: str
    lines: list[str]
    missing: dict[str, str]
    actions: dict[str, tuple[str, str]]
    notes: list[str]


def make_list_files(
    lists: Sequence[VideoList],
    videos: Path | None,
    rawframes: Path | None,
    advance: Callable[[int], None],
) -> list[ListFile]:
    """Look for the videos of lists, and make the lines of those that are there.

    Args:
        lists: The lists.
        videos: Folder of the videos, or None for lists that are not checked.
        rawframes: Folder of the folders of frames, or None for no lists of these
            (lists of parts of videos then name folders that are not checked).
        advance: Called with the number of entries done.
    """
    return [
        file
        for video_list in lists
        for file in _files_of(video_list, videos, rawframes, advance)
    ]


def _files_of(
    video_list: VideoList,
    videos: Path | None,
    rawframes: Path | None,
    advance: Callable[[int], None],
) -> Iterator[ListFile]:
    # A part of a video has no line in a list of videos, but its video is looked for.
    parts = any(entry.frames for entry in video_list.entries)
    if videos is not None or (rawframes is None and not parts):
        find = _video_finder(video_list.suffix, videos)
        file = _make_file(video_list, VIDEOS, find, advance)
        yield file._replace(name='', lines=[]) if parts else file
    if rawframes is not None or parts:
        find = _frame_finder(rawframes)
        yield _make_file(video_list, FRAMES, find, advance)


def _make_file(
    video_list: VideoList, ending: str, find: Find, advance: Callable[[int], None]
) -> ListFile:
    file = ListFile(video_list.name + ending, [], {}, {}, [])
    suffix = video_list.suffix if ending == VIDEOS else ''
    background = 0
    for entry in video_list.entries:
        advance(1)
        if not entry.labels and ending == FRAMES:
            background += 1
            continue
        try:
            start = find(entry)
        except PluginError as error:
            path = entry.places[0] + suffix
            # The video of an action that does not lie in it is there.
            if not isinstance(error, AnnotationError):
                file.missing[path] = str(error)
            if ending == FRAMES and entry.frames:
                file.actions[entry.action] = (path, str(error))
        else:
            file.lines.append(' '.join([start, *map(str, entry.labels)]))
    if background:
        # It takes a line without label as one of the last class.
        file.notes.append(
            f'{file.name} leaves out {background} background videos, which '
            "MMAction2's RawframeDataset cannot read"
        )
    return file


def _video_finder(suffix: str, root: Path | None) -> Find:
    finder = None if root is None else VideoFinder(str(root), suffix)

    def find(entry: VideoEntry) -> str:
        path = finder.find(entry.places) if finder else entry.places[0] + suffix
        if path is None:
            raise MissingVideoError(f'no such video below {root}')
        return path

    return find


def _frame_finder(root: Path | None) -> Find:
    counted: dict[str, int | PluginError] = {}

    def count(place: str) -> int:
        if place not in counted:
            try:
                counted[place] = count_frames(root / place) if root else 0
            except PluginError as error:
                counted[place] = error
        found = counted[place]
        if isinstance(found, PluginError):
            raise found
        return found

    def find(entry: VideoEntry) -> str:
        place, frames = entry.places[0], None
        if root is not None:
            there = (place for place in entry.places if _is_there(root / place))
            place = next(there, '')
            if not place:
                raise MissingVideoError(f'no such folder below {root}')
            frames = count(place)
        if entry.frames is None:
            return f'{place} {frames}'
        offset, length = entry.frames
        if frames is not None and offset + length > frames:
            raise AnnotationError(
                f'action {entry.action} ends at frame {offset + length}, but the '
                f'folder holds {frames}'
            )
        return f'{place} {offset} {length}'

    return find


def _is_there(folder: Path) -> bool:
    """Whether a folder, or an archive in its place, exists."""
    return folder.is_dir() or find_archive(str(folder)) is not None


def count_frames(folder: Path) -> int:
    """Count the RGB frames of a folder, or, where there are none, its optical flow.

    Args:
        folder: Holds numbered images.

    Returns:
        Number of frames, or of pairs of optical flow.

    Raises:
        FrameFolderError: There are none, or some of either are missing.
    """
    found = find_all_frames(str(folder))
    counts = {kind: files.last - files.first + 1 for kind, files in found.items()}
    # Optical flow lies between two frames; some write the last field twice.
    if len(counts) > 1 and abs(counts['RGB'] - counts['Flow']) > 1:
        raise FrameFolderError(
            f'{folder} holds {counts["RGB"]} RGB frames, but {counts["Flow"]} pairs of '
            'optical flow; extract the video again, or keep them in two folders'
        )
    return next(iter(counts.values()))
