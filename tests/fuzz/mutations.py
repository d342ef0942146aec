"""Files that were damaged: valid ones, changed in a few places."""

import copy
from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import reject
from hypothesis import strategies as st

# Bytes that parsers stumble over.
TOKENS = [
    b'',
    b'\x00',
    b'\n',
    b'\r\n',
    b' ',
    b',',
    b'"',
    b'{',
    b'[',
    b'}',
    b']',
    b'null',
    b'NaN',
    b'-1',
    b'1e999',
    b'99999999999999999999',
    b'9' * 400,
    b'9' * 5000,
    b'[' * 5000,
    b'x' * 200_000,
    b'../../../etc/passwd',
    b'/',
    b'\xff\xfe',
    b'\xef\xbb\xbf',
    'é'.encode('latin-1'),
    '²'.encode(),
    '\u2028'.encode(),
    b'\x1b[31m',
    b'cos\nsystem\n',
    b'\x80\x04',
    b'R',
    b'.',
]
# Values that nobody expects.
ODD: list[Any] = [
    None,
    True,
    -1,
    0,
    1,
    10**400,
    0.5,
    float('nan'),
    float('inf'),
    '',
    '1',
    '²',
    'two\nlines',
    '\x1b[31m',
    '\x00',
    '../../outside',
    '/outside',
    'x' * 5000,
    [],
    [[0]],
    {},
    {'': None},
]


@st.composite
def damaged(draw: st.DrawFn, seeds: Sequence[bytes]) -> bytes:
    """Draw a file: one of the valid ones with up to four changes, or noise."""
    if draw(st.integers(0, 9)) == 0:
        return draw(st.binary(max_size=200))
    content = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(0, 40)))
        change = draw(st.sampled_from(['cut', 'drop', 'double', 'put', 'flip', 'move']))
        before, part, after = content[:start], content[start:end], content[end:]
        if change == 'cut':
            content = before
        elif change == 'drop':
            content = before + after
        elif change == 'double':
            content = before + part + part + after
        elif change == 'put':
            content = before + draw(st.sampled_from(TOKENS)) + part + after
        elif change == 'flip':
            flip = draw(st.integers(1, 255))
            content = (
                before + bytes(byte ^ flip for byte in part[:2]) + part[2:] + after
            )
        else:
            content = part + before + after
    return content


@st.composite
def odd_content(
    draw: st.DrawFn,
    values: Sequence[Any],
    dump: Callable[[Any], bytes],
    odd: Sequence[Any],
) -> bytes:
    """Draw a file whose form is right, with up to three things in it that are not."""
    value = copy.deepcopy(draw(st.sampled_from(values)))
    for _ in range(draw(st.integers(0, 3))):
        value = _changed(draw, value, odd)
    try:
        return dump(value)
    except Exception:
        # Not all formats can hold everything.
        reject()


def _changed(draw: st.DrawFn, value: Any, odd: Sequence[Any]) -> Any:
    """The value with a change somewhere in it."""
    places: list[Any] = []
    if isinstance(value, dict):
        places = list(value)
    elif isinstance(value, list):
        places = list(range(len(value)))
    if not places or draw(st.integers(0, 5)) == 0:
        # A copy: the next change may be inside of it.
        return copy.deepcopy(draw(st.sampled_from(odd)))
    place = draw(st.sampled_from(places))
    change = draw(st.sampled_from(['inside', 'inside', 'inside', 'drop', 'rename']))
    if change == 'inside':
        value[place] = _changed(draw, value[place], odd)
        return value
    inside = value.pop(place)
    if change == 'rename' and isinstance(value, dict):
        names = [name for name in odd if name.__hash__ is not None]
        value[draw(st.sampled_from(names))] = inside
    return value
