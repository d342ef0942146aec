"""Names by which predictions are joined."""

import re
from pathlib import Path

import pytest

from tpn_tsn_plugin.analysis.scores.identities import (
    SampleNames,
    names_from_list,
    read_names,
    require_different,
)
from tpn_tsn_plugin.errors import AnnotationError, ScoreFileError

PATH = Path('rgb.pkl')


@pytest.fixture
def write(tmp_path):
    def to_file(text):
        path = tmp_path / 'list.txt'
        path.write_text(text)
        return path

    return to_file


def keys(key, *values, below_common=True):
    samples = [{key: value} for value in values]
    return read_names(PATH, samples).keys(below_common)


def test_video_and_frames_and_sound_have_the_same_names():
    videos = keys(
        'filename', '/a/ucf101/videos/x/v_1.avi', '/a/ucf101/videos/y/v_2.avi'
    )
    frames = keys('frame_dir', 'data/rawframes/x/v_1', 'data/rawframes/y/v_2')
    sound = keys('audio_path', 'data/audio/./x/v_1.npy', 'data/audio/y/v_2.npy')
    own = keys('video_id', 'x/v_1', 'y/v_2')
    assert videos == frames == sound == own == ['x/v_1', 'y/v_2']


def test_own_names_stay_whole_among_themselves():
    assert keys('video_id', 'val/1', 'val/2', below_common=False) == ['val/1', 'val/2']
    assert keys('video_id', 'val/1', 'val/2') == ['1', '2']
    # numbers do as well
    assert keys('video_id', 7, 8, below_common=False) == ['7', '8']


@pytest.mark.parametrize(
    ('key', 'path', 'name'),
    [
        ('filename', 'd/v.1.ogv', 'v.1'),
        ('frame_dir', 'd/v.1', 'v.1'),
        # a folder of frames may be called like its video
        ('frame_dir', 'd/v.1.mp4', 'v.1'),
        ('video_id', 'd/v.1', 'v.1'),
        ('video_id', 'd/v.1.MKV', 'v.1'),
    ],
)
def test_suffix_is_left_out(key, path, name):
    assert keys(key, path) == [name]


def test_folders_without_anything_in_common():
    assert keys('filename', '/a/x/1.mp4', '/b/x/1.mp4') == ['a/x/1', 'b/x/1']
    assert keys('filename', '/a/1.mp4', 'b/1.mp4') == ['/a/1', 'b/1']
    assert keys('filename', '1.mp4', 'b/1.mp4') == ['1', 'b/1']


def test_a_name_of_its_own_goes_before_a_path():
    names = read_names(PATH, [dict(video_id='a', filename='/x/b.mp4')])
    assert names == SampleNames(('a',), are_paths=False)
    names = read_names(PATH, [dict(video_id=None, filename='/x/b.mp4')])
    assert names == SampleNames(('/x/b',), are_paths=True)


@pytest.mark.parametrize(
    ('samples', 'how_many'),
    [
        ([{}, {}], 'none of its 2 samples tell which video'),
        ([dict(video_id='a'), {}, {}], 'only 1 of its 3 samples tell'),
        ([dict(video_id='a'), dict(filename='b')], 'only 1 of its 2 samples'),
    ],
)
def test_samples_without_names_are_refused_with_the_remedy(samples, how_many):
    with pytest.raises(ScoreFileError) as caught:
        read_names(PATH, samples)
    message = str(caught.value)
    assert message.startswith(f'rgb.pkl: {how_many}')
    for remedy in (
        'CheckedVideoDataset or CheckedRawframeDataset (one line of the config)',
        "PackActionInputs(meta_keys=('filename',))",
        '--ann-file rgb.pkl LIST',
    ):
        assert remedy in message
    assert '\n' not in message


@pytest.mark.parametrize(
    ('text', 'labels', 'names'),
    [
        ('x/a.mp4 3\nb.c.avi 0\n', [{3}, {0}], ('x/a', 'b.c')),
        ('\nx/a 12 3\n \nb.c 7 0\n', [{3}, {0}], ('x/a', 'b.c')),
        ('x/a 5 12 3\nx/a 17 7 0\n', [{3}, {0}], ('x/a@5+12', 'x/a@17+7')),
        # a path with spaces may end in a number
        ('my 2 a.mp4 3\nmy day 12.mp4 0', [{3}, {0}], ('my 2 a', 'my day 12')),
        ('day 3 12 3\nb 7 0\n', [{3}, {0}], ('day 3', 'b')),
        ('x/a.npy 12 3\nb.npy 7 0\n', [{3}, {0}], ('x/a.npy', 'b.npy')),
        ('a.mp4 3 5\nb.mp4\nc.mp4 0', [{3, 5}, set(), {0}], ('a', 'b', 'c')),
        ('a 12 3 5\nb 7\nc 7 0', [{3, 5}, set(), {0}], ('a', 'b', 'c')),
        ('12 3\n13 0', [{3}, {0}], ('12', '13')),
    ],
)
def test_names_from_the_list_that_was_tested(text, labels, names, write):
    found = names_from_list(PATH, write(text), labels)
    assert found == SampleNames(names, are_paths=False)


def test_sound_from_a_list_joins(write):
    names = names_from_list(PATH, write('x/a.npy 12 3\n'), [{3}])
    assert names.keys(below_common=False) == ['x/a']


@pytest.mark.parametrize(
    ('text', 'labels', 'error', 'message'),
    [
        ('a.mp4 3\n', [{3}, {0}], ScoreFileError, 'has 2 samples, but .* has 1 lines'),
        (
            'a.mp4 3\nb.mp4 1\nc.mp4 2',
            [{3}, {2}, {1}],
            ScoreFileError,
            r'2 of 3 labels of .*list.txt differ from .* rgb.pkl \(line 2, line 3\); g',
        ),
        (
            'a 5 12 7 3',
            [{3}],
            ScoreFileError,
            'line 1: expected "path labels", "path f',
        ),
        ('a.mp4', [{3}], ScoreFileError, r'gt_label \[3\] of rgb.pkl, found .a.mp4'),
        ('a.mp4 3 5', [{3, 5, 7}], ScoreFileError, r'gt_label \[3, 5, 7\] of'),
        ('', [{3}], AnnotationError, 'names no video'),
    ],
)
def test_other_lists_are_refused(text, labels, error, message, write):
    with pytest.raises(error, match=message):
        names_from_list(PATH, write(text), labels)


def test_missing_list(tmp_path):
    with pytest.raises(AnnotationError, match='does not exist'):
        names_from_list(PATH, tmp_path / 'nothing.txt', [{0}])


def test_repeated_names_are_counted():
    require_different(PATH, ['a', 'b'])
    message = 'rgb.pkl: 2 names stand for several samples each (a, c); name every video'
    with pytest.raises(ScoreFileError, match=re.escape(message)):
        require_different(PATH, ['a', 'b', 'a', 'c', 'c', 'c'])
