"""Looking for video files."""

import pytest

from tpn_tsn_plugin.datasets.video_files import VideoFinder, find_videos, some_of
from tpn_tsn_plugin.errors import MissingVideoError

PLACES = {'a': ('a', 'val/a'), 'b': ('b',)}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / 'val').mkdir()
    for name in ('a.txt', 'val/a.WEBM', 'b.mkv', 'b.mp4', 'b.avi', 'c.d.mp4'):
        (tmp_path / name).touch()
    return str(tmp_path)


@pytest.mark.parametrize(
    ('suffix', 'places', 'found'),
    [
        ('.mp4', ['a', 'val/a'], 'val/a.WEBM'),
        ('.mp4', ['b'], 'b.mp4'),
        ('.avi', ['b'], 'b.avi'),
        ('.MKV', ['b'], 'b.mkv'),
        ('.mp4', ['c.d'], 'c.d.mp4'),
        ('.mp4', ['c', 'nowhere/b'], None),
    ],
)
def test_finder(folder, suffix, places, found):
    assert VideoFinder(folder, suffix).find(places) == found


def test_missing_videos_are_an_error_with_a_remedy(folder):
    with pytest.raises(MissingVideoError) as caught:
        find_videos({**PLACES, 'x': ('x',)}, folder, 'list.json', suffix='.mp4')
    message = str(caught.value)
    assert message.startswith('1 of 3 videos of list.json do not exist')
    assert f'{folder}/x.mp4' in message
    assert message.endswith('or leave them out with skip_missing=True')


def test_missing_videos_are_left_out(folder):
    places = {**PLACES, 'x': ('x',)}
    found = find_videos(places, folder, 'list', suffix='.mp4', skip_missing=True)
    assert found == {'a': f'{folder}/val/a.WEBM', 'b': f'{folder}/b.mp4'}


def test_leaving_all_out_is_an_error(folder):
    with pytest.raises(MissingVideoError, match='1 of 1 videos'):
        find_videos({'x': ('x',)}, folder, 'list', suffix='.mp4', skip_missing=True)


def test_unchecked_videos_are_where_they_should_be(folder):
    found = find_videos({'x': ('v_x', 'x')}, folder, 'list', suffix='.mp4', check=False)
    assert found == {'x': f'{folder}/v_x.mp4'}


def test_some_of_many_names():
    assert some_of(['a', 'b', 'c']) == 'a, b, c'
    assert some_of(['a', 'b', 'c', 'd']) == 'a, b, c, …'
