"""The video that pipelines read instead of a data set's."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from small_configs import video

from tpn_tsn_plugin.analysis.benchmark.made_video import count_values


def test_video_is_what_it_says(tmp_path):
    made = video(tmp_path)
    reader = cv2.VideoCapture(str(made.video()))
    frames = [reader.read()[1] for _ in range(10)]
    assert reader.read()[0] is False
    assert reader.get(cv2.CAP_PROP_FPS) == 5
    assert {frame.shape for frame in frames} == {(24, 32, 3)}
    assert np.abs(frames[0].astype(int) - frames[5]).mean() > 5
    assert made.description == '32×24, 10 frames, 5 fps'


def test_folder_of_frames_and_fields(tmp_path):
    folder = video(tmp_path).frame_folder('{:05}.jpg', 'flow_{}/{:03d}.jpg', 1)
    names = {p.relative_to(folder).as_posix() for p in folder.rglob('*.jpg')}
    expected = {f'{i:05}.jpg' for i in range(1, 11)}
    assert names == expected | {
        f'flow_{axis}/{i:03}.jpg' for axis in 'xy' for i in range(1, 11)
    }
    assert cv2.imread(str(folder / '00001.jpg')).shape == (24, 32, 3)


def test_sizes_do_not_get_mixed_up(tmp_path):
    made = video(tmp_path)
    paths = {made.video(), made.video(), replace(made, size=(16, 16)).video()}
    assert len(paths) == 2
    folders = {
        made.frame_folder('{:05}.jpg', '{}_{}.jpg', 0),
        made.frame_folder('{:05}.jpg', '{}_{}.jpg', 1),
    }
    assert len(folders) == 2


@pytest.mark.parametrize(
    ('template', 'count'),
    [('img_{:05}.jpg', 1), ('flow_{}_{:05}.jpg', 2), ('{}_{:05d}.jpg', 2), ('a', 0)],
)
def test_values_of_a_template(template, count):
    assert count_values(template) == count
