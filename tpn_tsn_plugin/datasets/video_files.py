"""Looking for video files, each folder listed once."""

import logging
import os
import os.path as osp
from collections.abc import Iterable, Mapping, Sequence

from mmengine.logging import print_log

from tpn_tsn_plugin.errors import MissingVideoError

NAMES_SHOWN = 3
# What decord opens and data sets come in, the first before the others.
VIDEO_SUFFIXES: tuple[str, ...] = (
    '.mp4',
    '.mkv',
    '.webm',
    '.avi',
    '.mov',
    '.mpg',
    '.mpeg',
    '.flv',
    '.3gp',
)


class VideoFinder:
    """Finds videos whose folder or suffix differs from one copy to another.

    Args:
        root: Folder that holds them.
        suffix: Suffix that is taken where a video is there with several.
    """

    def __init__(self, root: str, suffix: str = VIDEO_SUFFIXES[0]) -> None:
        self.root = root
        first = suffix.lower()
        self._rank = {name: i for i, name in enumerate((first, *VIDEO_SUFFIXES))}
        self._rank[first] = -1
        self._listed: dict[str, dict[str, str]] = {}

    def find(self, places: Iterable[str]) -> str | None:
        """Look for a video.

        Args:
            places: Paths below the root, without suffix, the likeliest first.

        Returns:
            The first that exists, with its suffix, or None.
        """
        for place in places:
            folder, stem = osp.split(place)
            if folder not in self._listed:
                self._listed[folder] = self._list(folder)
            name = self._listed[folder].get(stem)
            if name is not None:
                return osp.join(folder, name)
        return None

    def _list(self, folder: str) -> dict[str, str]:
        names: dict[str, str] = {}
        for name in _list_dir(osp.join(self.root, folder)):
            stem, suffix = osp.splitext(name)
            rank = self._rank.get(suffix.lower())
            known = names.get(stem)
            if rank is not None and (
                known is None or rank < self._rank[osp.splitext(known)[1].lower()]
            ):
                names[stem] = name
        return names


def missing_videos(filenames: Iterable[str]) -> list[str]:
    """Return those videos that do not exist; what is not on a disk is passed over."""
    listed: dict[str, set[str]] = {}
    missing = []
    for filename in filenames:
        folder, name = osp.split(filename)
        if '://' in folder:
            continue
        if folder not in listed:
            listed[folder] = set(_list_dir(folder))
        if name not in listed[folder]:
            missing.append(filename)
    return missing


def require_videos(
    filenames: Sequence[str], ann_file: str, root: str, remedy: str = ''
) -> None:
    """Require that all videos of a list exist.

    Args:
        filenames: Their paths.
        ann_file: The list, for the message.
        root: Where they were looked for.
        remedy: What else can be done, at the end of the message.

    Raises:
        MissingVideoError: The message counts those that do not, and names some.
    """
    missing = missing_videos(filenames)
    if missing:
        raise MissingVideoError(
            f'{len(missing)} of {len(filenames)} videos of {ann_file} do not '
            f'exist: {some_of(missing)}; check data_prefix (looked under {root!r})'
            f'{remedy}'
        )


def find_videos(
    places: Mapping[str, Sequence[str]],
    root: str,
    ann_file: str,
    *,
    suffix: str,
    check: bool = True,
    skip_missing: bool = False,
) -> dict[str, str]:
    """Find the videos of a data set.

    Args:
        places: Where each video may be below the root, without suffix, by its id.
        root: Folder that holds the videos.
        ann_file: What names them, for messages.
        suffix: Suffix of videos that are there with several, or not looked for.
        check: Whether a missing video matters. If not, it gets the path where it
            should be.
        skip_missing: Whether missing videos are left out, with a line in the log.

    Returns:
        Paths by id.

    Raises:
        MissingVideoError: Videos do not exist, or none does.
    """
    finder = VideoFinder(root, suffix)
    filenames = {
        key: osp.join(root, finder.find(choices) or choices[0] + suffix)
        for key, choices in places.items()
    }
    missing = set(missing_videos(filenames.values())) if check else set()
    if missing and (not skip_missing or len(missing) == len(filenames)):
        remedy = '' if skip_missing else ', or leave them out with skip_missing=True'
        require_videos(list(filenames.values()), ann_file, root, remedy)
    if missing:
        log_left_out(ann_file, 'videos do not exist', sorted(missing))
    return {key: name for key, name in filenames.items() if name not in missing}


def log_left_out(ann_file: str, what: str, names: Sequence[str]) -> None:
    """Say in one line of the log what a dataset does not use."""
    print_log(
        f'{ann_file}: {len(names)} {what} and are left out: {some_of(names)}',
        logger='current',
        level=logging.WARNING,
    )


def some_of(names: Sequence[str]) -> str:
    """The first few of many names, for a message."""
    more = ', …' if len(names) > NAMES_SHOWN else ''
    return ', '.join(names[:NAMES_SHOWN]) + more


def _list_dir(folder: str) -> list[str]:
    folder = folder or '.'
    return os.listdir(folder) if osp.isdir(folder) else []
