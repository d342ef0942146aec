"""Matroska and WebM: elements in elements, each with its size.

RFC 8794 (EBML), sections 4 to 6, and RFC 9559 (Matroska), section 5.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from .source import MOST_PARTS, Source

EBML, SEGMENT, CLUSTER = 0x1A45DFA3, 0x18538067, 0x1F43B675
# An id of up to 4 bytes and a size of up to 8.
LONGEST_ID, LONGEST_SIZE = 4, 8
MOST_BLOCKS = 1_000_000


@dataclass(frozen=True)
class Element:
    """A part of the file.

    Attributes:
        place: Where it starts.
        id: What it is; None where no element can start.
        start: Where its content starts.
        end: Where it ends, None where it does not say.
    """

    place: int
    id: int | None
    start: int
    end: int | None


def is_head(head: bytes) -> bool:
    """Whether a file that begins so is a Matroska file."""
    return head[:4] == EBML.to_bytes(4, 'big')


def needed(source: Source) -> int:
    """Bytes that the file must have for its parts to be whole."""
    segment = _segment(source)
    if segment is None:
        return 0
    if segment.end is not None:
        return segment.end
    # As it was written while it was recorded.
    parts = _elements(source, segment.start, source.size, MOST_PARTS)
    ends = [part.end for part in parts if part.id == CLUSTER and part.end is not None]
    return max(ends, default=0)


def gap(source: Source) -> str:
    """Where there is no element, though one should start there, or ''."""
    segment = _segment(source)
    if segment is None or segment.end is None:
        return ''
    for part in _elements(source, segment.start, segment.end, MOST_PARTS):
        if part.id is None:
            return _nothing_at(part.place)
        if part.id != CLUSTER or part.end is None:
            continue
        for block in _elements(source, part.start, part.end, MOST_BLOCKS):
            if block.id is None or block.end is None or block.end > part.end:
                return _nothing_at(block.place)
    return ''


def _nothing_at(place: int) -> str:
    return f'at byte {place} its frames break off'


def _segment(source: Source) -> Element | None:
    for element in _elements(source, 0, source.size, MOST_PARTS):
        if element.id == SEGMENT:
            return element
    return None


def _elements(source: Source, place: int, end: int, most: int) -> Iterator[Element]:
    """Yield elements that follow each other, up to one whose end is not known."""
    for _ in range(most):
        if place >= min(end, source.size):
            return
        head = source.read(place, LONGEST_ID + LONGEST_SIZE)
        element = _element(head, place)
        yield element
        if element.end is None:
            return
        place = element.end


def _element(head: bytes, place: int) -> Element:
    # The zeros before the first one of a number tell how many bytes it has.
    id_length = 9 - head[0].bit_length()
    if id_length > LONGEST_ID or len(head) <= id_length:
        return Element(place, None, place, None)
    length = 9 - head[id_length].bit_length()
    number = head[id_length : id_length + length]
    if length > LONGEST_SIZE or len(number) < length:
        return Element(place, None, place, None)
    start = place + id_length + length
    largest = (1 << 7 * length) - 1
    size = int.from_bytes(number, 'big') & largest
    # All ones: not known.
    end = None if size == largest else start + size
    return Element(place, int.from_bytes(head[:id_length], 'big'), start, end)
