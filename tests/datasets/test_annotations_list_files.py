"""List files of the videos and frames that are there."""

import zipfile

import pytest

from tpn_tsn_plugin.datasets.annotations import VideoEntry, VideoList
from tpn_tsn_plugin.datasets.annotations.list_files import (
    count_frames,
    make_list_files,
)
from tpn_tsn_plugin.errors import FrameFolderError

ENTRIES = [
    VideoEntry(('run/a', 'a'), (0,)),
    VideoEntry(('run/b', 'b'), (1, 3)),
    VideoEntry(('run/c', 'c'), ()),
]
VIDEOS = VideoList('toy_train_list', '.avi', ENTRIES)
PART = VideoList('toy', '.MP4', [VideoEntry(('P01/v', 'v'), (5,), (2, 3), 'cut')])


def make(video_list, videos=None, rawframes=None):
    done = []
    files = make_list_files([video_list], videos, rawframes, done.append)
    assert sum(done) == len(files) * len(video_list.entries)
    return files


def touch(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()


def write_frames(folder, count, template='img_{:05}.jpg'):
    for number in range(1, count + 1):
        touch(folder / template.format(number))


def test_unchecked_list_of_videos():
    (file,) = make(VIDEOS)
    assert file.name == 'toy_train_list_videos.txt'
    assert file.lines == ['run/a.avi 0', 'run/b.avi 1 3', 'run/c.avi']
    assert file.missing == {}


def test_videos_are_found_with_another_suffix_or_place(tmp_path):
    touch(tmp_path / 'run' / 'a.mp4')
    touch(tmp_path / 'b.avi')
    (file,) = make(VIDEOS, videos=tmp_path)
    assert file.lines == ['run/a.mp4 0', 'b.avi 1 3']
    assert list(file.missing) == ['run/c.avi']


def test_frames_of_an_archive_are_counted(tmp_path):
    (tmp_path / 'run').mkdir()
    with zipfile.ZipFile(tmp_path / 'run' / 'a.zip', 'w') as archive:
        for number in (1, 2, 3):
            archive.writestr(f'img_{number:05}.jpg', b'')
    (file,) = make(VIDEOS, rawframes=tmp_path)
    assert file.lines == ['run/a 3 0']


def test_frames_are_counted_and_background_is_left_out(tmp_path):
    write_frames(tmp_path / 'run' / 'a', 3)
    write_frames(tmp_path / 'run' / 'a', 2, 'flow_x_{:05}.jpg')
    write_frames(tmp_path / 'run' / 'a', 2, 'flow_y_{:05}.jpg')
    (tmp_path / 'b').mkdir()
    (file,) = make(VIDEOS, rawframes=tmp_path)
    assert file.name == 'toy_train_list_rawframes.txt'
    assert file.lines == ['run/a 3 0']
    assert list(file.missing) == ['run/b']
    assert 'holds no RGB frames' in file.missing['run/b']
    assert file.notes[0].startswith(f'{file.name} leaves out 1 background videos')


def test_both_kinds_of_lists(tmp_path):
    touch(tmp_path / 'run' / 'a.avi')
    write_frames(tmp_path / 'run' / 'a', 3)
    files = make(VIDEOS, videos=tmp_path, rawframes=tmp_path)
    assert [file.lines for file in files] == [['run/a.avi 0'], ['run/a 3 0']]
    assert list(files[0].missing) == ['run/b.avi', 'run/c.avi']


def test_part_of_a_video(tmp_path):
    (unchecked,) = make(PART)
    assert (unchecked.name, unchecked.lines) == ('toy_rawframes.txt', ['P01/v 2 3 5'])
    write_frames(tmp_path / 'v', 5, 'frame_{:010}.jpg')
    assert make(PART, rawframes=tmp_path)[0].lines == ['v 2 3 5']
    (tmp_path / 'v' / 'frame_0000000005.jpg').unlink()
    (short,) = make(PART, rawframes=tmp_path)
    # the folder is there, and has frames
    assert short.missing == {}
    why = 'action cut ends at frame 5, but the folder holds 4'
    assert short.actions == {'cut': ('P01/v', why)}


def test_actions_of_a_missing_folder_are_named(tmp_path):
    (file,) = make(PART, rawframes=tmp_path)
    why = f'no such folder below {tmp_path}'
    assert file.missing == {'P01/v': why}
    assert file.actions == {'cut': ('P01/v', why)}


def test_video_of_a_part_is_looked_for_but_not_listed(tmp_path):
    videos, frames = make(PART, videos=tmp_path)
    assert (videos.name, videos.lines) == ('', [])
    assert list(videos.missing) == ['P01/v.MP4']
    assert frames.lines == ['P01/v 2 3 5']


def test_optical_flow_alone_is_counted_in_pairs(tmp_path):
    write_frames(tmp_path, 4, 'flow_x_{:05}.jpg')
    write_frames(tmp_path, 4, 'flow_y_{:05}.jpg')
    assert count_frames(tmp_path) == 4


def test_frames_with_a_gap_are_refused(tmp_path):
    write_frames(tmp_path, 3)
    (tmp_path / 'img_00002.jpg').unlink()
    with pytest.raises(FrameFolderError, match=r'missing: img_00002\.jpg'):
        count_frames(tmp_path)


def test_damaged_optical_flow_alone_is_the_reason(tmp_path):
    write_frames(tmp_path, 4, 'flow_x_{:05}.jpg')
    write_frames(tmp_path, 3, 'flow_y_{:05}.jpg')
    with pytest.raises(FrameFolderError, match=r'optical flow .*: flow_y_00004\.jpg;'):
        count_frames(tmp_path)


@pytest.mark.parametrize('there', [0, 3])
def test_damaged_optical_flow_beside_rgb_is_refused(tmp_path, there):
    write_frames(tmp_path, 5)
    write_frames(tmp_path, 4, 'flow_x_{:05}.jpg')
    write_frames(tmp_path, there, 'flow_y_{:05}.jpg')
    message = rf'{4 - there} of 8 files of the optical flow .*flow_y_0000{there + 1}'
    with pytest.raises(FrameFolderError, match=message):
        count_frames(tmp_path)


def test_optical_flow_that_stops_early_is_refused(tmp_path):
    write_frames(tmp_path, 5)
    write_frames(tmp_path, 3, 'flow_x/{:05}.jpg')
    write_frames(tmp_path, 3, 'flow_y/{:05}.jpg')
    with pytest.raises(FrameFolderError, match='5 RGB frames, but 3 pairs of optical'):
        count_frames(tmp_path)
    write_frames(tmp_path, 4, 'flow_x/{:05}.jpg')
    write_frames(tmp_path, 4, 'flow_y/{:05}.jpg')
    assert count_frames(tmp_path) == 5


def test_several_kinds_of_optical_flow_do_not_matter_to_rgb(tmp_path):
    for name in ('img', 'flow_x', 'flow_y', 'warped_x', 'warped_y'):
        write_frames(tmp_path, 3, name + '_{:05}.jpg')
    assert count_frames(tmp_path) == 3


def test_lone_x_in_a_name_is_no_optical_flow(tmp_path):
    write_frames(tmp_path, 3, 'x_{:05}.jpg')
    assert count_frames(tmp_path) == 3


def test_optical_flow_called_u_and_v(tmp_path):
    write_frames(tmp_path, 3, 'u/frame_{:010}.jpg')
    write_frames(tmp_path, 3, 'v/frame_{:010}.jpg')
    with pytest.raises(FrameFolderError, match='rename u to flow_x and v to flow_y'):
        count_frames(tmp_path)
