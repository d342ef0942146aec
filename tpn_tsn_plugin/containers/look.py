"""Looking at a file of any container."""

import os
from types import ModuleType

from . import avi, matroska, mpeg4
from .source import Source, open_source

# Bytes by which every container is known.
HEAD = 12
CONTAINERS: tuple[ModuleType, ...] = (avi, matroska, mpeg4)


def find_cut(path: str | os.PathLike[str]) -> str:
    """Tell whether a file ends before the video in it does.

    Reads the sizes that the container gives for its parts, some hundred bytes in all.
    decord may crash on such a file, or take what there is for the whole.

    Args:
        path: The file.

    Returns:
        What is missing; ``''`` if nothing is, or the file cannot be read, or is none of
        AVI, Matroska (WebM) and MPEG-4 (MOV, 3GP).
    """
    with open_source(path) as source:
        if source is None:
            return ''
        needed = max((own.needed(source) for own in _containers(source)), default=0)
        if needed <= source.size:
            return ''
        return f'it ends after {source.size} of at least {needed} bytes'


def find_gap(path: str | os.PathLike[str]) -> str:
    """Tell whether there is nothing where a container says that frames are.

    Reads a few bytes for each frame. decord passes over such gaps and numbers the
    frames as if there were none. MPEG-4 needs no look: its index says where each frame
    lies, so that decoding fails.

    Args:
        path: The file.

    Returns:
        What is missing; ``''`` as for :func:`find_cut`.
    """
    with open_source(path) as source:
        if source is None:
            return ''
        found = (own.gap(source) for own in _containers(source))
        return next(filter(None, found), '')


def _containers(source: Source) -> list[ModuleType]:
    head = source.read(0, HEAD)
    return [own for own in CONTAINERS if own.is_head(head)]
