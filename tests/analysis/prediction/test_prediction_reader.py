"""Reading videos: times, frames once each, and what cannot be read."""

from dataclasses import dataclass

import numpy as np
import pytest
from prediction_cases import make_clip

from tpn_tsn_plugin.analysis.prediction.reader import VideoFile, read_times, stream
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.errors import MissingVideoError, PluginError


@dataclass
class Part:
    frames: np.ndarray


class Counted:
    """A video whose frames are their numbers; notes what is decoded."""

    def __init__(self):
        self.decoded = []

    def __getitem__(self, index):
        self.decoded.append(index)
        return index


def read(parts):
    video = Counted()
    found = list(stream(video, (Part(np.array(frames)) for frames in parts)))
    return [frames for _, frames in found], video.decoded


@pytest.mark.parametrize(
    'parts',
    [
        [[0, 1, 2], [3, 4]],
        [[0, 4, 8], [2, 6, 10], [4, 8, 12]],
        [[0, 9], [1, 2], [3, 3], [12]],
        [[2, 0, 1, 1], [5, 5]],
        [[7]],
    ],
)
def test_parts_get_their_frames_and_each_is_decoded_once_in_order(parts):
    frames, decoded = read(parts)
    assert frames == parts
    assert decoded == sorted({index for part in parts for index in part})


def test_reading_does_not_run_ahead():
    """What is held does not grow with the length of a video."""
    video, planned = Counted(), []

    def parts():
        for number in range(1000):
            planned.append(number)
            yield Part(np.array([10 * number, 10 * number + 15]))

    for number, _ in enumerate(stream(video, parts())):
        assert len(planned) <= number + 4
        assert video.decoded[-1] <= 10 * number + 15


def test_real_video(media_dir):
    video = VideoFile(media_dir / 'apply_eye_makeup.avi')
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
            VideoFile(tmp_path / name)


def test_frame_that_cannot_be_decoded(tmp_path):
    video = VideoFile(make_clip(tmp_path / 'a.mp4'))
    video._reader = type('', (), {'__getitem__': lambda s, i: 1 / 0})()
    with pytest.raises(ZeroDivisionError):
        video[3]

    def broken(self, index):
        raise RuntimeError('cannot decode')

    video._reader = type('', (), {'__getitem__': broken})()
    with pytest.raises(PluginError, match='read whole: frame 3 of 24 cannot be'):
        video[3]
