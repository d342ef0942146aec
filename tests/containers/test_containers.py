"""What containers say of their files: whole ones, cut ones, gaps, and hostile sizes."""

import os
import struct

import pytest
from broken_videos import (
    cut,
    wipe_out,
    write_avi,
    write_good,
    write_index_first,
    write_mkv,
    write_with_opencv,
)

from tpn_tsn_plugin.containers import find_cut, find_gap, source

MAKERS = [write_good, write_index_first, write_avi, write_mkv]
SHARES = [0.1, 0.3, 0.5, 0.7, 0.9]
CLIPS = ['apply_eye_makeup.avi', 'flipping_pancake.mkv', 'arm_wrestling.mp4']


@pytest.fixture
def path(tmp_path):
    return tmp_path / 'a.mp4'


def message(path, needed):
    return f'it ends after {path.stat().st_size} of at least {needed} bytes'


@pytest.mark.parametrize('make', MAKERS)
def test_whole_files(path, make):
    make(path)
    assert find_cut(path) == find_gap(path) == ''


@pytest.mark.parametrize(
    ('suffix', 'codec'),
    [
        ('.avi', 'XVID'),
        ('.mkv', 'VP80'),
        ('.webm', 'VP90'),
        ('.mov', 'mp4v'),
        ('.3gp', 'mp4v'),
        ('.mpg', 'mpg2'),
        ('.flv', 'FLV1'),
    ],
)
def test_whole_files_of_other_kinds(tmp_path, suffix, codec):
    path = tmp_path / f'a{suffix}'
    write_with_opencv(path, codec)
    assert path.stat().st_size > 1000
    assert find_cut(path) == find_gap(path) == ''


@pytest.mark.parametrize('share', SHARES)
@pytest.mark.parametrize('make', MAKERS)
def test_cut_files(path, make, share):
    make(path)
    size = path.stat().st_size
    cut(path, share)
    found = find_cut(path)
    assert found.startswith(f'it ends after {int(size * share)} of at least ')
    needed = int(found.split()[-2])
    assert size * 0.8 < needed <= size or (make is write_index_first and share < 0.2)


@pytest.mark.parametrize('share', SHARES)
@pytest.mark.parametrize('name', CLIPS)
def test_real_clips(path, media_dir, name, share):
    assert find_cut(media_dir / name) == find_gap(media_dir / name) == ''
    path.write_bytes((media_dir / name).read_bytes())
    size = path.stat().st_size
    cut(path, share)
    needed = {'apply_eye_makeup.avi': 287882, 'flipping_pancake.mkv': size}
    # The index of an MPEG-4 file stands behind its frames.
    needed['arm_wrestling.mp4'] = 631615
    assert find_cut(path) == message(path, needed[name])


def test_what_is_missing_behind_the_frames_is_not_missed(path):
    write_avi(path)
    content = path.read_bytes()
    # Without its index an AVI is read from its start.
    path.write_bytes(content[: content.rindex(b'idx1')])
    assert find_cut(path) == ''
    write_index_first(path)
    path.write_bytes(path.read_bytes() + struct.pack('>I4s', 100, b'udta'))
    assert find_cut(path) == ''


def test_an_index_that_is_cut(path):
    write_avi(path)
    cut(path, 0.99)
    assert find_cut(path)


@pytest.mark.parametrize('name', CLIPS[:2])
def test_gaps_in_real_clips(path, media_dir, name):
    path.write_bytes((media_dir / name).read_bytes())
    wipe_out(path)
    assert find_cut(path) == ''
    assert find_gap(path) == {
        'apply_eye_makeup.avi': '55 of 164 frames are not where its index says',
        'flipping_pancake.mkv': 'at byte 145926 its frames break off',
    }.get(name)


def test_gap_in_an_index_that_counts_from_the_start(path):
    write_avi(path)
    content = bytearray(path.read_bytes())
    index, start = content.rindex(b'idx1'), content.index(b'movi')
    for place in range(index + 16, len(content), 16):
        (offset,) = struct.unpack_from('<I', content, place)
        struct.pack_into('<I', content, place, offset + start)
    path.write_bytes(content)
    assert find_gap(path) == ''
    second = struct.unpack_from('<I', content, index + 8 + 16 + 8)[0]
    content[second : second + 4] = b'what'
    path.write_bytes(content)
    assert find_gap(path) == '1 of 12 frames are not where its index says'


def test_dropped_frames_are_no_gap(path):
    write_avi(path)
    content = bytearray(path.read_bytes())
    second = content.rindex(b'idx1') + 8 + 16
    content[second + 8 : second + 16] = bytes(8)
    path.write_bytes(content)
    assert find_gap(path) == ''


def element(number, content, size=None):
    length = struct.pack('>Q', (1 << 56) | (len(content) if size is None else size))
    return bytes.fromhex(number) + length + content


BLOCK = element('a3', b'x' * 50)
UNKNOWN = (1 << 56) - 1


@pytest.mark.parametrize(
    ('clusters', 'missing', 'gap'),
    [
        # recorded live: sizes that nobody has gone back for
        ([element('1f43b675', BLOCK * 3)] * 2, 0, False),
        ([element('1f43b675', BLOCK * 3, UNKNOWN)] * 2, 0, False),
        ([element('1f43b675', BLOCK * 3), element('1f43b675', BLOCK, 99)], 40, False),
    ],
)
def test_recordings(path, clusters, missing, gap):
    parts = b''.join(clusters)
    path.write_bytes(element('1a45dfa3', b'') + element('18538067', parts, UNKNOWN))
    size = path.stat().st_size
    assert find_cut(path) == (message(path, size + missing) if missing else '')
    assert find_gap(path) == ''


def test_blocks_that_leave_their_cluster(path):
    cluster = element('1f43b675', BLOCK + element('a3', b'', 100))
    head = element('1a45dfa3', b'') + element('18538067', cluster)
    path.write_bytes(head)
    place = len(head) - 9
    assert find_gap(path) == f'at byte {place} its frames break off'


HOSTILE = {
    'avi of nothing': b'RIFF\xf0\xff\xff\xff' + b'AVI ' + b'\xff' * 100,
    'avi in itself': b'RIFF\x08\0\0\0AVI ' * 2000,
    'avi unknown': b'RIFF\0\0\0\0AVI LIST\0\0\0\0movi' + bytes(100),
    'mkv of zeros': bytes.fromhex('1a45dfa3') + bytes(100),
    'mkv of ones': bytes.fromhex('1a45dfa3') + b'\xff' * 100,
    'mkv ends in an id': bytes.fromhex('1a45dfa38018'),
    'mkv of crumbs': element('1a45dfa3', b'')
    + element('18538067', b'\xec\x80' * 10**6),
    'mp4 of zeros': b'\0\0\0\x08ftyp' + bytes(100),
    'mp4 backwards': b'\0\0\0\x01ftyp' + b'\xff' * 8 + b'\0\0\0\x01mdat' + bytes(8),
    'mp4 of crumbs': b'\0\0\0\x08free' * 10**6,
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_hostile_sizes_end_soon(path, kind, monkeypatch):
    path.write_bytes(HOSTILE[kind])
    places = []
    read = source.Source.read
    monkeypatch.setattr(
        source.Source,
        'read',
        lambda self, *args: places.append(args) or read(self, *args),
    )
    assert isinstance(find_cut(path), str)
    assert len(places) < 30_000
    assert isinstance(find_gap(path), str)
    assert sum(count for _, count in places) < 10**6


def test_what_is_no_file(tmp_path):
    os.mkfifo(tmp_path / 'fifo')
    (tmp_path / 'empty').touch()
    odd = [tmp_path, tmp_path / 'no', tmp_path / 'fifo', tmp_path / 'empty', 'a\0b']
    for path in [*odd, 'http://x/y.mp4', os.fsdecode(b'\xe9.avi'), 'n' * 3000]:
        assert find_cut(path) == find_gap(path) == ''
