"""Files that were damaged: valid ones, changed in a few places."""

from collections.abc import Sequence

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
    b'../../../etc/passwd',
    b'/',
    b'\xff\xfe',
    b'\xef\xbb\xbf',
    'é'.encode('latin-1'),
    '\u2028'.encode(),
    b'cos\nsystem\n',
    b'\x80\x04',
    b'R',
    b'.',
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
