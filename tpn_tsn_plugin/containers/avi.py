"""AVI: a RIFF file of chunks, and an index of those with frames.

Microsoft, "AVI RIFF File Reference" and "AVIOLDINDEX structure"; Matrox, "OpenDML AVI
File Format Extensions" 1.02 for files of several RIFF chunks.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .source import MOST_PARTS, Source

HEADER = 8
# Written before the size is known, and left so where the writer cannot go back.
UNKNOWN = (0, 0xFFFFFFFF)
ENTRY = np.dtype([('kind', 'S4'), ('flags', '<u4'), ('place', '<u4'), ('size', '<u4')])
MOST_ENTRIES = 1_000_000
# Ends of the kinds of chunks with pictures.
PICTURES = (b'dc', b'db')


@dataclass(frozen=True)
class Chunk:
    """A part of the file.

    Attributes:
        kind: Four letters, for a list those of what it lists.
        start: Where its content starts.
        end: Where it ends, as its size says.
    """

    kind: bytes
    start: int
    end: int


def is_head(head: bytes) -> bool:
    """Whether a file that begins so is an AVI file."""
    return head[:4] == b'RIFF' and head[8:12] == b'AVI '


def needed(source: Source) -> int:
    """Bytes that the file must have for its frames and its index to be whole."""
    return max((chunk.end for chunk in _vital(source)), default=0)


def gap(source: Source) -> str:
    """What is not where the index says, or ''."""
    vital = list(_vital(source))
    index = next((chunk for chunk in vital if chunk.kind == b'idx1'), None)
    movie = next((chunk for chunk in vital if chunk.kind == b'movi'), None)
    if index is None or movie is None:
        return ''
    count = min(index.end - index.start, MOST_ENTRIES * ENTRY.itemsize)
    content = source.read(index.start, count)
    entries = np.frombuffer(content, ENTRY, len(content) // ENTRY.itemsize)
    # A frame that was dropped has an empty chunk, which need not be there.
    filled = entries[entries['size'] > 0]
    frames = [
        (kind, place)
        for kind, place in zip(filled['kind'].tolist(), filled['place'].tolist())
        if kind[2:] in PICTURES
    ]
    # Some writers count from the list of frames on, others from the file's start.
    there = max(
        sum(source.read(base + place, 4) == kind for kind, place in frames)
        for base in (movie.start - 4, 0)
    )
    # None at all: it counts in a way of its own.
    if there in (0, len(frames)):
        return ''
    return f'{len(frames) - there} of {len(frames)} frames are not where its index says'


def _vital(source: Source) -> Iterator[Chunk]:
    """Yield the lists of frames and the index; the whole where there is no list."""
    for riff in _chunks(source, 0, source.size):
        if riff.kind not in (b'AVI ', b'AVIX'):
            return
        chunks = _chunks(source, riff.start, min(riff.end, source.size))
        vital = [chunk for chunk in chunks if chunk.kind in (b'movi', b'idx1')]
        yield from vital or [riff]


def _chunks(source: Source, place: int, end: int) -> Iterator[Chunk]:
    for _ in range(MOST_PARTS):
        head = source.read(place, HEADER + 4)
        if place + HEADER > end or len(head) < HEADER:
            return
        kind, size = struct.unpack('<4sI', head[:HEADER])
        if size in UNKNOWN or not kind.isascii():
            return
        start = place + HEADER
        chunk = Chunk(kind, start, start + size)
        if kind in (b'RIFF', b'LIST'):
            chunk = Chunk(head[HEADER:], start + 4, start + size)
        yield chunk
        # Chunks start at even places.
        place = chunk.end + size % 2
