"""Which videos are meant, and which part of them."""

from pathlib import Path

import pytest

from tpn_tsn_plugin.datasets.extraction import (
    Shard,
    find_videos,
    parse_shard,
    shard_of_environment,
)
from tpn_tsn_plugin.errors import AnnotationError, MissingVideoError


@pytest.fixture
def folder(tmp_path):
    """A folder of files that end like videos, and of others."""
    for name in ('b/v 2.AVI', 'a.mp4', 'b/c/x.y.mkv', 'b/notes.txt', '.hid/z.mp4'):
        path = tmp_path / 'videos' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (tmp_path / 'videos' / 'b' / '.v.mp4').touch()
    return tmp_path / 'videos'


def names(videos):
    return [video.name for video in videos]


def test_folder_is_searched_to_the_bottom(folder):
    videos = find_videos(folder)
    assert names(videos) == ['a', 'b/v 2', 'b/c/x.y']
    assert [video.path for video in videos] == [
        folder / 'a.mp4',
        folder / 'b' / 'v 2.AVI',
        folder / 'b' / 'c' / 'x.y.mkv',
    ]
    assert {video.labels for video in videos} == {()}
    assert names(find_videos(folder / 'b', folder)) == ['b/v 2', 'b/c/x.y']


def test_linked_folders_are_searched(folder, tmp_path):
    (tmp_path / 'links').mkdir()
    (tmp_path / 'links' / 'far').symlink_to(folder)
    assert names(find_videos(tmp_path / 'links'))[0] == 'far/a'


def test_one_video(folder):
    assert names(find_videos(folder / 'b' / 'v 2.AVI')) == ['v 2']
    assert names(find_videos(folder / 'b' / 'v 2.AVI', folder)) == ['b/v 2']


def test_list_with_labels(folder):
    source = folder / 'train.txt'
    source.write_text('a.mp4 3\n\nb/v 2.AVI 0 12\n')
    videos = find_videos(source)
    assert [(video.name, video.labels) for video in videos] == [
        ('a', ('3',)),
        ('b/v 2', ('0', '12')),
    ]
    assert videos[1].path == folder / 'b' / 'v 2.AVI'


def test_list_without_labels(folder):
    source = folder / 'train.txt'
    source.write_text('b/v 2.AVI\nb/c/x.y.mkv\n')
    videos = find_videos(source)
    assert [(video.name, video.labels) for video in videos] == [
        ('b/v 2', ()),
        ('b/c/x.y', ()),
    ]


@pytest.mark.parametrize(
    ('text', 'error', 'message'),
    [
        ('a.mp4 1\n\ngone.mp4 1\n', MissingVideoError, 'line 3: .*gone.mp4 does not'),
        ('a.mp4 zero\n', MissingVideoError, 'line 1: .*a.mp4 zero .* whole numbers'),
        ('a.mp4 1\nb/v 2.AVI\n', AnnotationError, 'line 2: the line has no label'),
        ('a.mp4\nb/v 2.AVI 1\n', AnnotationError, 'line 2: the line has a label'),
    ],
)
def test_faulty_lines_are_named(folder, text, error, message):
    (folder / 'train.txt').write_text(text)
    with pytest.raises(error, match=message):
        find_videos(folder / 'train.txt')


def test_list_elsewhere_needs_the_root(folder, tmp_path):
    source = tmp_path / 'lists' / 'train.txt'
    source.parent.mkdir()
    source.write_text('b/v 2.AVI 0\n')
    assert find_videos(source, folder)[0].path == folder / 'b' / 'v 2.AVI'


@pytest.mark.parametrize('line', ['../a.mp4 1', '{root}/../elsewhere/a.mp4 1'])
def test_videos_outside_of_the_root_are_refused(folder, line):
    source = folder / 'train.txt'
    source.write_text(line.format(root=folder))
    with pytest.raises(AnnotationError, match=r'does not lie in .* \(--root\)'):
        find_videos(source)


def test_absolute_paths_inside_the_root_are_fine(folder):
    source = folder / 'train.txt'
    source.write_text(f'{folder}/b/v 2.AVI 1')
    assert names(find_videos(source)) == ['b/v 2']


@pytest.mark.parametrize(
    ('more', 'message'),
    [
        ('a.avi', r'a\.avi and .*a\.mp4 differ in their suffix only'),
        ('b/v 2/w.mp4', 'into the folders of others: b/v 2/w and b/v 2; rename'),
    ],
)
def test_videos_that_would_share_a_place_are_refused(folder, more, message):
    (folder / more).parent.mkdir(exist_ok=True)
    (folder / more).touch()
    with pytest.raises(AnnotationError, match=message):
        find_videos(folder)


@pytest.mark.parametrize('name', ['b/c/none', 'none', 'none.mp4'])
def test_where_no_video_is(folder, name):
    (folder / 'b' / 'c' / 'none').mkdir()
    with pytest.raises(MissingVideoError, match=r'no video, list or folder .*\.mp4, '):
        find_videos(folder / name)


def test_empty_list_is_refused(folder):
    (folder / 'train.txt').touch()
    with pytest.raises(AnnotationError, match='names no video'):
        find_videos(folder / 'train.txt')


@pytest.mark.parametrize('count', [1, 2, 3, 7])
def test_shards_are_a_partition(count):
    items = list(range(10))
    parts = [Shard(index, count).take(items) for index in range(count)]
    assert sorted(item for part in parts for item in part) == items
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_shard_is_read_and_written():
    assert parse_shard('0/1') == Shard()
    assert parse_shard(' 3/12 ') == Shard(3, 12)
    assert (str(Shard(3, 12)), Shard(3, 12).tag) == ('3/12', '3of12')


@pytest.mark.parametrize('text', ['', '1', '4/4', '-1/2', '0/0', '1/2/3', 'a/b', '½/2'])
def test_unreadable_shard_is_refused(text):
    with pytest.raises(ValueError, match=r'shard must be index/count .* such as 0/4'):
        parse_shard(text)


@pytest.mark.parametrize(
    ('environment', 'shard'),
    [
        ({}, Shard()),
        ({'RANK': '1', 'WORLD_SIZE': '2'}, Shard(1, 2)),
        ({'SLURM_PROCID': '5', 'SLURM_NTASKS': '8'}, Shard(5, 8)),
        ({'RANK': '0', 'WORLD_SIZE': '2', 'SLURM_PROCID': '5'}, Shard(0, 2)),
        ({'WORLD_SIZE': '2'}, Shard()),
        ({'RANK': '', 'WORLD_SIZE': '2'}, Shard()),
    ],
)
def test_shard_of_torchrun_and_slurm(environment, shard):
    assert shard_of_environment(environment) == shard


def test_wrong_environment_is_refused():
    with pytest.raises(ValueError, match="got '2/2'"):
        shard_of_environment({'RANK': '2', 'WORLD_SIZE': '2'})


def test_names_are_those_of_samples(folder):
    from tpn_tsn_plugin.datasets.sample_identity import video_identity

    for video in find_videos(folder):
        path = Path(video.path).as_posix()
        assert video.name == video_identity(path, folder.as_posix())


def test_lists_that_nothing_is_written_for(folder):
    (folder / 'a.avi').touch()
    source = folder / 'train.txt'
    source.write_text('a.mp4 1\na.avi\ngone.mp4\n../out.mp4\n. 1\n')
    videos = find_videos(source, for_writing=False)
    assert names(videos) == ['a', 'a', 'gone', '../out', '.']
    assert videos[1].path == folder / 'a.avi'
