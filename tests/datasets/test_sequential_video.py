"""Reading videos: times, frames, and what cannot be read."""

import os
import subprocess
import sys
from pathlib import Path

import decord
import numpy as np
import pytest
from broken_videos import cut, rotate, wipe_out, write_avi, write_mkv

from tpn_tsn_plugin.datasets.sequential_video import SequentialVideo, read_times
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.errors import MissingVideoError, PluginError

CLIPS = ['apply_eye_makeup.avi', 'arm_wrestling.mp4', 'flipping_pancake.mkv']


def noise(count, height=30, width=40):
    return np.random.default_rng(0).integers(
        0, 255, (count, height, width, 3), np.uint8
    )


def decoded_by_decord(path):
    reader = decord.VideoReader(str(path), num_threads=1)
    return np.stack([reader[i].asnumpy() for i in range(len(reader))])


def test_real_video(media_dir):
    video = SequentialVideo(media_dir / 'apply_eye_makeup.avi')
    assert len(video) == 164
    assert video[0].shape == (240, 320, 3)
    assert video.fps == pytest.approx(25, abs=0.1)
    np.testing.assert_allclose(video.times, np.arange(164) / 25, atol=0.002)
    assert video.duration == pytest.approx(164 / 25, abs=0.01)


def test_varying_frame_rate_keeps_the_files_times():
    spans = np.array([[1.0, 1.1], [1.1, 3.0], [3.0, 3.1]], np.float32)
    times, duration = read_times(spans, 2.0)
    np.testing.assert_allclose(times, [0, 0.1, 2.0], atol=1e-6)
    assert duration == pytest.approx(2.5)


def test_times_that_cannot_be_right_are_counted():
    times, duration = read_times(np.array([[0, 0], [0, 0], [0, 0]]), 4.0)
    np.testing.assert_allclose(times, [0, 0.25, 0.5])
    assert duration == 0.75


def test_what_is_no_video(tmp_path):
    (tmp_path / 'bad.mp4').write_bytes(b'nothing')
    write_video(tmp_path / 'one.mp4', np.zeros((1, 16, 16, 3), np.uint8), 5)
    for name, kind, message in (
        ('bad.mp4', PluginError, 'bad.mp4 cannot be opened, it may be damaged'),
        ('one.mp4', PluginError, 'one.mp4 has one frame only'),
        ('no.mp4', MissingVideoError, 'no.mp4 does not exist'),
        ('.', MissingVideoError, 'is a folder; give the videos in it'),
    ):
        with pytest.raises(kind, match=message):
            SequentialVideo(tmp_path / name)


@pytest.mark.parametrize('harm', [cut, wipe_out])
@pytest.mark.parametrize('make', [write_avi, write_mkv])
def test_what_lacks_a_part_is_not_taken_for_the_whole(tmp_path, make, harm):
    make(tmp_path / 'a.mp4')
    assert len(SequentialVideo(tmp_path / 'a.mp4')) == 12
    harm(tmp_path / 'a.mp4')
    with pytest.raises(PluginError, match=r'a.mp4 is damaged: .*copy or download it'):
        SequentialVideo(tmp_path / 'a.mp4')


def test_names_of_all_kinds(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = Path('a.mp4')
    write_video(made, noise(3), 5)
    made.rename('a:b.mp4')
    assert len(list(SequentialVideo(Path('a:b.mp4')))) == 3
    odd = Path(os.fsdecode(b'\xe9.mp4'))
    Path('a:b.mp4').rename(odd)
    with pytest.raises(PluginError, match=r'\?.mp4: FFmpeg opens UTF-8 names'):
        SequentialVideo(odd)


@pytest.mark.parametrize('name', CLIPS)
def test_frames_are_those_of_data_pipelines(media_dir, name):
    video = SequentialVideo(media_dir / name)
    assert np.array_equal(np.stack(list(video)), decoded_by_decord(media_dir / name))


@pytest.mark.parametrize('degrees', [90, 180, 270])
def test_turned_and_odd_videos_too(tmp_path, degrees):
    path = tmp_path / 'a.mp4'
    write_video(path, noise(4, 31, 43), 5)
    plain = next(iter(SequentialVideo(path)))
    rotate(path, degrees)
    found = np.stack(list(SequentialVideo(path)))
    assert np.array_equal(found, decoded_by_decord(path))
    turned = plain.shape if degrees == 180 else (plain.shape[1], plain.shape[0], 3)
    assert found.shape[1:] == turned


def test_any_order(tmp_path):
    write_video(tmp_path / 'a.mp4', noise(9), 5)
    video = SequentialVideo(tmp_path / 'a.mp4')
    frames = decoded_by_decord(tmp_path / 'a.mp4')
    for index in (3, 3, 5, 8, 2, 0, 8):
        assert np.array_equal(video[index], frames[index])


def test_frame_that_cannot_be_decoded(tmp_path, media_dir):
    content = bytearray((media_dir / 'arm_wrestling.mp4').read_bytes())
    middle = len(content) // 3
    content[middle : middle + 20000] = bytes(20000)
    (tmp_path / 'a.mp4').write_bytes(content)
    video = SequentialVideo(tmp_path / 'a.mp4')
    assert len(video) == 280
    assert video[20].shape == (256, 340, 3)
    with pytest.raises(PluginError, match='read whole: frame 279 of 280 cannot be'):
        video[279]
    # What comes before it can still be read.
    assert video[20].shape == (256, 340, 3)


def test_damaged_files_say_nothing_of_their_own(tmp_path, media_dir):
    """FFmpeg has a line for each damaged block, and ours would drown in them."""
    content = bytearray((media_dir / 'arm_wrestling.mp4').read_bytes())
    middle = len(content) // 3
    content[middle : middle + 20000] = bytes(20000)
    (tmp_path / 'a.mp4').write_bytes(content)
    code = (
        'import sys; from pathlib import Path\n'
        'from tpn_tsn_plugin.datasets.sequential_video import SequentialVideo\n'
        'try: list(SequentialVideo(Path(sys.argv[1])))\n'
        'except Exception as error: print(error)'
    )
    run = [sys.executable, '-c', code, str(tmp_path / 'a.mp4')]
    found = subprocess.run(run, capture_output=True, text=True, timeout=300)
    assert 'of 280 cannot be decoded' in found.stdout
    assert not found.stderr


def test_no_more_is_decoded_than_asked_for(tmp_path):
    """All frames of this video would be 110 MB."""
    write_video(tmp_path / 'a.mp4', np.repeat(noise(4, 240, 320), 125, axis=0), 25)
    code = (
        'import resource, sys, time; from pathlib import Path\n'
        'from tpn_tsn_plugin.datasets.sequential_video import SequentialVideo\n'
        'peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024\n'
        'video = SequentialVideo(Path(sys.argv[1])); before = peak()\n'
        'for index in (0, 150, 300): video[index]; time.sleep(0.2)\n'
        'print(len(video), peak() - before)'
    )
    run = [sys.executable, '-c', code, str(tmp_path / 'a.mp4')]
    found = subprocess.run(run, capture_output=True, text=True, timeout=300)
    frames, grown = found.stdout.split()
    assert int(frames) == 500
    assert float(grown) < 40
