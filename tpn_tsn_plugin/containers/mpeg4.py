"""MPEG-4, MOV and 3GP: boxes one after the other (ISO/IEC 14496-12, section 4.2)."""

import struct

from .source import MOST_PARTS, Source

FIRST = (b'ftyp', b'moov', b'mdat', b'free', b'skip', b'wide', b'pnot')
# Frames, and what says where they are.
VITAL = (b'mdat', b'moov', b'moof')
HEADER, LONG_HEADER = 8, 16


def is_head(head: bytes) -> bool:
    """Whether a file that begins so is an MPEG-4 file."""
    return head[4:8] in FIRST


def needed(source: Source) -> int:
    """Bytes that the file must have for its frames and their index to be whole."""
    most, place = 0, 0
    for _ in range(MOST_PARTS):
        head = source.read(place, LONG_HEADER)
        if len(head) < HEADER:
            break
        size, kind = struct.unpack('>I4s', head[:HEADER])
        if size == 1 and len(head) == LONG_HEADER:
            (size,) = struct.unpack('>Q', head[HEADER:])
        # 0: up to the file's end, wherever that is.
        if size < HEADER:
            break
        place += size
        if kind in VITAL:
            most = max(most, place)
    return most


def gap(source: Source) -> str:
    """Nothing: where frames are missing, decoding them fails."""
    return ''
