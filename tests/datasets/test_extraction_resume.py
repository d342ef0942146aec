"""Extraction that is stopped, killed, repeated, shared and spoilt."""

import errno
import multiprocessing
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from small_videos import contents, write_small_video

from tpn_tsn_plugin.datasets import lock
from tpn_tsn_plugin.datasets.extraction import (
    ExtractionOptions,
    Shard,
    extract,
    find_videos,
    run,
    writers,
)
from tpn_tsn_plugin.errors import FrameFolderError, PluginError
from tpn_tsn_plugin.functional.optical_flow import ALGORITHMS

OPTIONS = ExtractionOptions('dis')
FORK = multiprocessing.get_context('fork')


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    for index in range(6):
        write_small_video(folder / f'{index % 2}' / f'v{index}.mp4', 4 + index, index)
    return folder


@pytest.fixture
def videos(folder):
    return find_videos(folder)


def visible(folder):
    """Files without the locks that runs leave."""
    return {n: c for n, c in contents(folder).items() if not n.endswith('.lock')}


def test_what_is_complete_is_not_made_again(videos, tmp_path):
    extract(videos, tmp_path, OPTIONS, workers=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*.jpg')}
    calls = []
    outcome = extract(videos, tmp_path, OPTIONS, workers=1, report=calls.append)
    assert outcome.made == frozenset()
    assert len(outcome.records) == 6
    assert calls == []
    assert {p: p.stat().st_mtime_ns for p in tmp_path.rglob('*.jpg')} == before


def test_what_is_missing_is_made(videos, tmp_path):
    extract(videos, tmp_path, OPTIONS, workers=1)
    before = contents(tmp_path)
    writers.remove(tmp_path / '0' / 'v2')
    outcome = extract(videos, tmp_path, OPTIONS, workers=1)
    assert outcome.made == {'0/v2'}
    assert contents(tmp_path) == before


def places(file_format, folder):
    """What videos have become, by name, hidden files left out."""
    whole = {path.name: path for path in folder.glob('[0-9]/v*')}
    assert all(path.is_dir() == (file_format == 'jpg') for path in whole.values())
    return {
        name: contents(path) if path.is_dir() else path.read_bytes()
        for name, path in whole.items()
    }


@pytest.fixture(scope='module')
def longer(tmp_path_factory):
    """Videos that take long enough to be interrupted."""
    folder = tmp_path_factory.mktemp('longer')
    for index in range(6):
        path = folder / f'{index % 2}' / f'v{index}.mp4'
        write_small_video(path, 16, index, size=(64, 80))
    return find_videos(folder)


@pytest.mark.parametrize('file_format', ['jpg', 'zip'])
@pytest.mark.parametrize('workers', [1, 2])
def test_killed_at_any_moment(longer, tmp_path, file_format, workers):
    """Ten runs are killed at random moments; one more ends as if there were none."""
    options = ExtractionOptions('dis', file_format=file_format, frames=True)
    start = time.monotonic()
    extract(longer, tmp_path / 'undisturbed', options, workers=workers)
    taken = time.monotonic() - start
    wanted = places(file_format, tmp_path / 'undisturbed')
    rng = np.random.default_rng(workers)
    out = tmp_path / 'out'
    killed = 0
    while killed < 10:
        process = FORK.Process(
            target=extract, args=(longer, out, options), kwargs={'workers': workers}
        )
        process.start()
        process.join(rng.uniform(0, 0.2 * taken))
        process.kill()
        process.join()
        made = places(file_format, out)
        assert made == {name: wanted[name] for name in made}
        if process.exitcode == -signal.SIGKILL:
            killed += 1
        else:
            # All was done in time: there must be something to interrupt.
            shutil.rmtree(out)
    extract(longer, out, options, workers=workers)
    assert contents(out) == contents(tmp_path / 'undisturbed')


@pytest.mark.parametrize('workers', [1, 2])
def test_interrupted_by_the_user(videos, tmp_path, workers):
    """Ctrl-C comes while the work is reported on; nothing is left half-made."""

    def interrupt(state):
        if state.fields >= 5:
            raise KeyboardInterrupt

    start = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        extract(videos, tmp_path, OPTIONS, workers=workers, report=interrupt)
    assert time.monotonic() - start < 20
    assert not [path for path in tmp_path.rglob('.*') if path.suffix != '.lock']
    assert len(extract(videos, tmp_path, OPTIONS, workers=1).records) == 6


def test_interrupted_work_is_not_finished_first(longer, tmp_path, monkeypatch):
    def slow(*arguments):
        for field in dis.run(*arguments):
            time.sleep(0.1)
            yield field

    def interrupt(state):
        if state.fields:
            raise KeyboardInterrupt

    dis = ALGORITHMS['dis']
    monkeypatch.setitem(ALGORITHMS, 'dis', dis._replace(run=slow))
    with pytest.raises(KeyboardInterrupt):
        extract(longer, tmp_path, OPTIONS, workers=2, report=interrupt)
    assert visible(tmp_path) == {}


def test_a_killed_worker_is_one_line(videos, tmp_path):
    def kill_one(state):
        for child in multiprocessing.active_children():
            os.kill(child.pid, signal.SIGKILL)

    with pytest.raises(PluginError, match=r'a process was killed, .*lower the number'):
        extract(videos, tmp_path, OPTIONS, workers=2, report=kill_one)
    assert len(extract(videos, tmp_path, OPTIONS, workers=2).records) == 6


@pytest.mark.parametrize(
    ('other', 'message'),
    [
        ({'algorithm': 'farneback'}, r"algorithm is 'dis', asked for 'farneback'"),
        ({'bound': 10}, r'bound is 20\.0, asked for 10\.0; ask for'),
        ({'warped': True, 'quality': 90}, 'quality is 95, .* 90; warped is False, .*'),
        ({'parameters': {'patch_stride': 4}}, r'dis\.patch_stride is 3, asked for 4'),
        ({'file_format': 'zip'}, "format is 'jpg', asked for 'zip'"),
        ({'frames': True}, 'frames is False, asked for True'),
        ({'resize': 24}, 'resize is None, asked for 24'),
    ],
)
def test_other_options_are_refused_unless_forced(folder, tmp_path, other, message):
    videos = find_videos(folder)[:2]
    changed = ExtractionOptions(**{'algorithm': 'dis', **other})
    extract(videos[:1], tmp_path / 'out', OPTIONS, workers=1)
    with pytest.raises(FrameFolderError, match=f'^0/v0 was extracted .*{message}'):
        extract(videos, tmp_path / 'out', changed, workers=1)
    assert not (tmp_path / 'out' / '0' / 'v2').exists()
    outcome = extract(videos, tmp_path / 'out', changed, workers=1, force=True)
    assert outcome.made == {'0/v0', '0/v2'}
    extract(videos, tmp_path / 'new', changed, workers=1)
    assert contents(tmp_path / 'out') == contents(tmp_path / 'new')


def test_forcing_spares_what_is_the_same(videos, tmp_path):
    extract(videos, tmp_path, OPTIONS, workers=1)
    assert not extract(videos, tmp_path, OPTIONS, workers=1, force=True).made


@pytest.mark.parametrize('force', [False, True])
def test_what_others_wrote_is_never_touched(videos, tmp_path, force):
    (tmp_path / '1' / 'v3').mkdir(parents=True)
    (tmp_path / '1' / 'v3' / 'flow_x_00001.jpg').touch()
    with pytest.raises(FrameFolderError, match=r'1/v3 exists but was not written by'):
        extract(videos, tmp_path, OPTIONS, workers=1, force=force)
    assert [path.name for path in tmp_path.rglob('*.jpg')] == ['flow_x_00001.jpg']


@pytest.mark.parametrize('content', ['', 'no json', '[]', '{"fields": 3}'])
def test_unusable_record_is_refused(videos, tmp_path, content):
    extract(videos[:1], tmp_path, OPTIONS, workers=1)
    (tmp_path / '0' / 'v0' / 'extraction.json').write_text(content)
    with pytest.raises(FrameFolderError, match=r'no usable extraction\.json'):
        extract(videos, tmp_path, OPTIONS, workers=1)


def test_empty_folder_in_the_place_is_used(videos, tmp_path):
    (tmp_path / '0' / 'v0').mkdir(parents=True)
    assert '0/v0' in extract(videos[:1], tmp_path, OPTIONS, workers=1).made


@pytest.mark.parametrize('workers', [1, 2])
def test_bad_videos_do_not_stop_the_others(folder, tmp_path, workers):
    copy = tmp_path / 'videos'
    for name in ('a.mp4', 'c.mp4'):
        write_small_video(copy / name)
    (copy / 'b.mp4').write_bytes(b'no video')
    write_small_video(copy / 'still.mp4', count=1)
    write_small_video(copy / 'gone.mp4')
    (copy / 'list.txt').write_text('a.mp4\nb.mp4\nc.mp4\ngone.mp4\nstill.mp4\n')
    found = find_videos(copy / 'list.txt')
    # A list is checked when it is read; this one goes between that and its turn.
    (copy / 'gone.mp4').unlink()
    outcome = extract(found, tmp_path / 'out', OPTIONS, workers=workers)
    assert list(outcome.records) == ['a', 'c']
    assert list(outcome.faults) == ['b', 'gone', 'still']
    assert outcome.faults['b'] == f'{copy}/b.mp4 cannot be opened, it may be damaged'
    assert outcome.faults['gone'] == f'{copy}/gone.mp4 does not exist'
    assert 'has one frame only' in outcome.faults['still']
    left = sorted(path.name for path in (tmp_path / 'out').iterdir())
    assert left == ['.extract-flow-0of1.lock', 'a', 'c']
    write_small_video(copy / 'b.mp4')
    again = extract(found, tmp_path / 'out', OPTIONS, workers=workers)
    assert again.made == {'b'}
    assert list(again.faults) == ['gone', 'still']


def test_frames_too_small_for_the_algorithm_are_a_fault(videos, tmp_path):
    options = ExtractionOptions('dis', resize=12)
    outcome = extract(videos[:1], tmp_path, options, workers=1)
    assert 'at least 16 pixels a side' in outcome.faults['0/v0']


@pytest.mark.parametrize('file_format', ['jpg', 'zip'])
def test_full_disk_ends_the_run(videos, tmp_path, monkeypatch, file_format):
    def write(self, name, content):
        if '3' in name:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(self, name, content)

    sink = writers.SINKS[file_format]
    real = sink.write
    monkeypatch.setattr(sink, 'write', write)
    options = ExtractionOptions('dis', file_format=file_format)
    with pytest.raises(OSError, match='No space left'):
        extract(videos, tmp_path, options, workers=1)
    assert visible(tmp_path) == {}


@pytest.mark.parametrize('count', [2, 4, 7])
def test_shards_make_the_whole(videos, tmp_path, count):
    out = tmp_path / 'parts'
    made = [
        extract(videos, out, OPTIONS, shard=Shard(i, count), workers=1).made
        for i in range(count)
    ]
    assert sum(map(len, made)) == 6
    extract(videos, tmp_path / 'whole', OPTIONS, workers=1)
    assert visible(out) == visible(tmp_path / 'whole')


def test_other_options_of_other_shards_are_refused(videos, tmp_path):
    extract(videos, tmp_path, OPTIONS, shard=Shard(1, 2), workers=1)
    with pytest.raises(FrameFolderError, match='bound is'):
        extract(
            videos,
            tmp_path,
            ExtractionOptions('dis', bound=5),
            shard=Shard(0, 2),
            workers=1,
        )


def test_two_runs_on_one_shard_are_refused(videos, tmp_path, monkeypatch):
    monkeypatch.setattr(lock, 'PATIENCE', 0.1)
    with lock.locked(tmp_path / '.extract-flow-0of2.lock') as alone:
        assert alone
        with pytest.raises(PluginError, match='another run extracts shard 0/2 into'):
            extract(videos, tmp_path, OPTIONS, shard=Shard(0, 2), workers=1)
        assert extract(videos, tmp_path, OPTIONS, shard=Shard(1, 2), workers=1).made
    assert extract(videos, tmp_path, OPTIONS, shard=Shard(0, 2), workers=1).made


def test_lock_is_held_by_what_was_forked(tmp_path, monkeypatch):
    """A run that was killed is over when the last of its processes is."""
    monkeypatch.setattr(lock, 'PATIENCE', 0.1)
    with lock.locked(tmp_path / 'lock') as alone:
        assert alone
        worker = FORK.Process(target=time.sleep, args=(60,))
        worker.start()
    with lock.locked(tmp_path / 'lock') as alone:
        assert not alone
    worker.kill()
    worker.join()
    with lock.locked(tmp_path / 'lock') as alone:
        assert alone


@pytest.mark.parametrize('number', lock.NO_LOCKS)
def test_file_systems_without_locks_do_without(tmp_path, monkeypatch, number):
    def flock(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(lock.fcntl, 'flock', flock)
    with lock.locked(tmp_path / 'lock') as alone:
        assert alone


def test_leftovers_of_others_go_when_they_are_old(videos, tmp_path):
    place = tmp_path / '0'
    old, new, own = (
        place / f'.v{i}.partial-{tag}' for i, tag in enumerate(['5of9', '6of9', '0of1'])
    )
    for path in (old, new, own):
        (path / 'sub').mkdir(parents=True)
    hidden = place / '.v9.thesis'
    hidden.touch()
    os.utime(old, (time.time() - 4000,) * 2)
    extract(videos, tmp_path, OPTIONS, workers=1)
    assert [path.exists() for path in (old, new, own, hidden)] == [
        False,
        True,
        False,
        True,
    ]


def test_a_video_that_is_listed_twice_is_made_once(folder, tmp_path):
    source = tmp_path / 'list.txt'
    source.write_text('0/v0.mp4 1\n0/v0.mp4 2\n')
    found = find_videos(source, folder)
    outcome = extract(found, tmp_path / 'out', OPTIONS, workers=2)
    assert list(outcome.records) == ['0/v0']
    path = tmp_path / 'out' / 'list.txt'
    assert run.write_rawframes_list(path, found, outcome) == 2
    assert path.read_text() == '0/v0 3 1\n0/v0 3 2\n'


@pytest.mark.parametrize('workers', [1, 2])
def test_progress_goes_from_nothing_to_all(videos, tmp_path, workers):
    states = []
    extract(videos, tmp_path, OPTIONS, workers=workers, report=states.append)
    assert states[0] == (0, 6, 0)
    assert states[-1] == (6, 6, sum(4 + i - 1 for i in range(6)))
    done = [state.videos for state in states]
    assert done == sorted(done)
    assert len({Path(v.path) for v in videos}) == 6
