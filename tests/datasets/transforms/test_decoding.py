"""Opening and decoding videos: MMAction2's frames, with less reading and decoding."""

import os
import struct
import time
from pathlib import Path

import numpy as np
import pytest
from broken_videos import BROKEN, FRAMES, ODD, directory, missing, write_good
from mmaction.datasets.transforms import DecordDecode, DecordInit, Flip

from tpn_tsn_plugin.datasets.sequential_video import UNREADABLE
from tpn_tsn_plugin.datasets.transforms import (
    DecordDecodeOnce,
    DecordInitInPlace,
    SegmentSampleFrames,
)
from tpn_tsn_plugin.registry import TRANSFORMS

CLIPS = (
    'apply_eye_makeup.avi',
    'arm_wrestling.mp4',
    'cleaning_pool.mp4',
    'cleaning_pool_short.mp4',
    'flipping_pancake.mkv',
)
# What opening any file takes.
LITTLE = 1 << 20


def read(path, open_video, decode, choose):
    """Open a video, choose frames by their total number, and decode them."""
    results = open_video.transform(dict(filename=str(path), modality='RGB'))
    total = results['total_frames']
    results['frame_inds'] = np.asarray(choose(total))
    return total, results['avg_fps'], decode.transform(results)['imgs']


def assert_same(path, choose):
    """Both ways give the same images."""
    theirs = read(path, DecordInit(), DecordDecode(), choose)
    ours = read(path, DecordInitInPlace(), DecordDecodeOnce(), choose)
    assert ours[:2] == theirs[:2]
    assert len(ours[2]) == len(theirs[2])
    for image, other in zip(ours[2], theirs[2], strict=True):
        assert np.array_equal(image, other)


def ten_clips(total: int) -> list[int]:
    """Clips of 8 frames, every 8th, which overlap."""
    starts = np.linspace(0, max(total - 64, 0), 10, dtype=int)
    inds = starts[:, None] + 8 * np.arange(8)
    return inds.ravel() % total


def backwards(total: int) -> list[int]:
    # In the last frame's place decord gives, of some .avi files and not each time, the
    # one before it: decord issue 195.
    late = max(total - 2, 0)
    return [late, total // 2, 0, total // 2, late]


def snippets(total: int) -> list[int]:
    """Three snippets of six neighbouring frames."""
    sampling = SegmentSampleFrames(6, 3, test_mode=True)
    sample = sampling.transform(dict(total_frames=total, start_index=0))
    return sample['frame_inds']


def rows(total: int) -> list[list[int]]:
    """Two clips that overlap, a row each."""
    return [[0, total // 3, total // 2], [0, total // 2, total // 3]]


@pytest.mark.parametrize('choose', [ten_clips, backwards, snippets, rows])
@pytest.mark.parametrize('clip', CLIPS)
def test_same_frames_of_real_clips(clip: str, choose, media_dir: Path) -> None:
    assert_same(media_dir / clip, choose)


@pytest.mark.parametrize('choose', [ten_clips, backwards])
@pytest.mark.parametrize('kind', ODD)
def test_same_frames_of_odd_videos(kind: str, choose, tmp_path: Path) -> None:
    video = tmp_path / 'video.mp4'
    ODD[kind](video)
    assert_same(video, choose)


# On some of these MMAction2's way ends the process, and it takes others for whole.
ENDS_EARLY = [kind for kind in sorted(BROKEN) if kind.startswith('truncated')]


@pytest.mark.parametrize('kind', ENDS_EARLY)
def test_what_ends_early_is_refused(kind: str, tmp_path: Path) -> None:
    video = tmp_path / 'video.mp4'
    BROKEN[kind](video)
    with pytest.raises(UNREADABLE):
        read(video, DecordInitInPlace(), DecordDecodeOnce(), ten_clips)


@pytest.mark.parametrize('kind', sorted(set(BROKEN) - set(ENDS_EARLY)))
def test_broken_videos_fail_alike(kind: str, tmp_path: Path) -> None:
    video = tmp_path / 'video.mp4'
    BROKEN[kind](video)
    if os.access(video, os.R_OK) and kind == 'unreadable':
        pytest.skip('this user may read everything')
    raised = []
    for open_video, decode in (
        (DecordInit(), DecordDecode()),
        (DecordInitInPlace(), DecordDecodeOnce()),
    ):
        with pytest.raises(Exception) as caught:  # noqa: PT011 (it is compared)
            read(video, open_video, decode, ten_clips)
        raised.append(caught.type)
    assert raised[0] is raised[1]


@pytest.mark.parametrize(
    ('make', 'error'),
    [(missing, FileNotFoundError), (directory, IsADirectoryError)],
)
def test_error_names_the_file(make, error, tmp_path: Path) -> None:
    make(tmp_path / 'video.mp4')
    with pytest.raises(error, match=r'video\.mp4'):
        DecordInitInPlace().transform(dict(filename=str(tmp_path / 'video.mp4')))


@pytest.mark.parametrize(
    'name', ['a:b.mp4', 'file:a.mp4', 'ü %d.mp4', os.fsdecode(b'\xff.mp4')]
)
def test_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_good(tmp_path / 'video.mp4')
    (tmp_path / 'video.mp4').rename(tmp_path / name)
    results = DecordInitInPlace().transform(dict(filename=name))
    assert results['total_frames'] == FRAMES


def test_name_without_suffix(tmp_path: Path) -> None:
    write_good(tmp_path / 'video.mp4')
    results = DecordInitInPlace().transform(dict(filename=str(tmp_path / 'video')))
    assert results['total_frames'] == FRAMES


def test_registered_and_built_from_a_config() -> None:
    step = TRANSFORMS.build(dict(type='DecordInitInPlace', num_threads=2))
    assert isinstance(step, DecordInitInPlace)
    assert step.num_threads == 2
    assert repr(step) == 'DecordInitInPlace(io_backend=disk, num_threads=2)'


def test_other_backends_read_as_in_mmaction2(tmp_path: Path) -> None:
    write_good(tmp_path / 'video.mp4')
    step = DecordInitInPlace(io_backend='http')
    name = (tmp_path / 'video.mp4').as_uri()
    assert step.transform(dict(filename=name))['total_frames'] == FRAMES


def bytes_read() -> int:
    """What this process has asked the system for."""
    (line,) = Path('/proc/self/io').read_text().splitlines()[:1]
    return int(line.removeprefix('rchar: '))


@pytest.mark.skipif(not Path('/proc/self/io').is_file(), reason='needs Linux')
def test_reads_what_it_needs_only(tmp_path: Path) -> None:
    """Half of a file may be sound, or nothing at all."""
    video = tmp_path / 'video.mp4'
    write_good(video)
    length = 1 << 26
    with video.open('ab') as file:
        file.write(struct.pack('>I4s', length, b'free'))
        file.truncate(file.tell() + length - 8)
    taken = []
    for step in (DecordInit(), DecordInitInPlace()):
        before = bytes_read()
        assert step.transform(dict(filename=str(video)))['total_frames'] == FRAMES
        taken.append(bytes_read() - before)
    assert taken[0] >= length
    assert taken[1] < LITTLE


def test_a_frame_is_given_out_once(tmp_path: Path) -> None:
    """What changes images in place changes each of them once."""
    write_good(tmp_path / 'video.mp4')
    flipped = []
    for decode in (DecordDecode(), DecordDecodeOnce()):
        results = DecordInit().transform(dict(filename=str(tmp_path / 'video.mp4')))
        results |= dict(frame_inds=np.array([3, 1, 3]), modality='RGB')
        flip = Flip(flip_ratio=1.0)
        flipped.append(flip.transform(decode.transform(results))['imgs'])
    for image, other in zip(*flipped, strict=True):
        assert np.array_equal(image, other)


def test_sparse_frames_of_a_long_video_are_sought(tmp_path: Path) -> None:
    """Three frames take far less time than all of them."""
    video = tmp_path / 'video.mp4'
    write_good(video, frames=1500, size=(120, 160))
    taken = {}
    for name, choose in (
        ('first', range),  # what is loaded once is loaded
        ('all', range),
        ('three', lambda total: [total // 6, total // 2, 5 * total // 6]),
    ):
        start = time.process_time()
        read(video, DecordInitInPlace(), DecordDecodeOnce(), choose)
        taken[name] = time.process_time() - start
    assert taken['three'] < taken['all'] / 3
