"""check-videos: what is bad, what is kept, and videos that end a process."""

import faulthandler
import json
import os
import signal
import time
from dataclasses import asdict
from pathlib import Path

import pytest
from broken_videos import (
    BROKEN,
    FRAMES,
    ODD,
    cut,
    wipe_out,
    write_avi,
    write_good,
    write_mkv,
)
from click.testing import CliRunner

from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.datasets.checking import (
    check_run,
    check_video,
    check_videos,
    video_check,
)

REASONS = dict(
    truncated='it ends after ',
    truncated_behind_its_index='it ends after ',
    truncated_avi='it ends after ',
    truncated_mkv='it ends after ',
    zero_byte='it is damaged, or no video',
    wrong_container='it is damaged, or no video',
    no_video_stream='it has no video stream',
    failing_in_the_middle='of 12 cannot be decoded',
    missing='it does not exist',
    directory='it is a folder',
    unreadable='it cannot be opened (Permission denied)',
)
# Root may read what nobody may read.
KINDS = [kind for kind in BROKEN if kind != 'unreadable' or os.geteuid()]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Every kind of video, and a list of them."""
    monkeypatch.chdir(tmp_path)
    videos = tmp_path / 'videos'
    videos.mkdir()
    for kind in KINDS:
        BROKEN[kind](videos / f'{kind}.mp4')
    for kind, make in ODD.items():
        make(videos / f'{kind}.mp4')
    lines = [f'{name}.mp4 {i}' for i, name in enumerate([*KINDS, *ODD])]
    Path('list.txt').write_text('\n'.join(lines) + '\n')
    return videos


def run(*words):
    arguments = ['check-videos', *map(str, words)]
    return CliRunner().invoke(cli, arguments, prog_name='tpn-tsn')


@pytest.mark.parametrize('workers', [1, 2])
def test_bad_ones_are_named(folder, workers, capfd):
    result = run(
        'list.txt', '--root', 'videos', '--good', 'good.txt', '--workers', workers
    )
    assert result.exit_code == 1, result.output
    named = [x for x in result.stderr.splitlines() if x.startswith('Bad video: ')]
    assert len(named) == len(KINDS)
    for kind, line in zip(KINDS, named, strict=True):
        assert line.startswith(f'Bad video: videos/{kind}.mp4: ')
        assert REASONS[kind] in line
    good = Path('good.txt').read_text().split()[::2]
    assert good == [f'{kind}.mp4' for kind in ODD]
    # decord has a line of its own for what it cannot open.
    assert capfd.readouterr().err == ''


def test_names_that_no_file_can_have(folder):
    write_good(folder / 'a\u2028b.mp4')
    names = ['n' * 3000, 'a\0b', 'a\u2028b']
    Path('odd.txt').write_text(''.join(f'{name}.mp4 1\n' for name in names))
    result = run('odd.txt', '--root', 'videos', '--good', 'good.txt')
    assert result.stderr.count('it does not exist') == 2
    assert Path('good.txt').read_text() == 'a\u2028b.mp4 1\n'


def test_odd_ones_are_good(folder):
    for kind in ODD:
        assert not check_video(folder / f'{kind}.mp4').fault
    assert check_video(folder / 'one_frame.mp4').frames == 1


def test_goes_on_and_checks_again_what_was_changed(folder):
    first = run('list.txt', '--root', 'videos')
    assert 'checked before' not in first.stdout
    record = Path('work_dirs/checked_videos.jsonl')
    lines = record.read_text().splitlines(keepends=True)
    # as a kill leaves it
    record.write_text(''.join(lines[:-2]) + lines[-1][:20])
    kept = [json.loads(line) for line in lines[:-2]]
    known = sum(entry['lasting'] for entry in kept)
    total = len(KINDS) + len(ODD)
    second = run('list.txt', '--root', 'videos')
    assert f'{total} videos, {known} of them checked before' in second.stdout
    # What is no file has nothing that a change would show in.
    known = total - len({'missing', 'directory', 'unreadable'} & set(KINDS))
    (folder / 'zero_byte.mp4').unlink()
    write_good(folder / 'zero_byte.mp4')
    third = run('list.txt', '--root', 'videos')
    assert f'{known - 1} of them checked before' in third.stdout
    assert f'bad        {len(KINDS) - 1}' in third.stdout
    # Nothing is written down twice that has not changed.
    paths = [json.loads(line)['path'] for line in record.open() if line[-2] == '}']
    assert len(paths) == total + 1


def test_a_change_of_the_same_size_is_a_change(tmp_path):
    path, record = tmp_path / 'a.mp4', tmp_path / 'record.jsonl'
    write_good(path)
    assert not check_videos([path], record).bad
    path.write_bytes(bytes(path.stat().st_size))
    os.utime(path, ns=(0, path.stat().st_mtime_ns + 1))
    checks = check_videos([path], record)
    assert (checks.known, len(checks.bad)) == (0, 1)


def test_permissions_are_asked_for_anew(tmp_path, monkeypatch):
    def closed(path, mode):
        raise PermissionError(13, 'Permission denied')

    path, record = tmp_path / 'a.mp4', tmp_path / 'record.jsonl'
    write_good(path)
    with monkeypatch.context() as patch:
        # Root may read what nobody may read.
        patch.setattr(video_check.Path, 'open', closed)
        found = check_video(path)
    assert found.fault == 'it cannot be opened (Permission denied)'
    record.write_text(json.dumps(asdict(found)) + '\n')
    checks = check_videos([path], record)
    assert (checks.known, checks.bad) == (0, [])
    assert check_videos([path], record).known == 1


def test_names_of_all_kinds(folder):
    for path in folder.iterdir():
        path.rmdir() if path.is_dir() else path.unlink()
    names = [b'caf\xe9.mp4', b'a:b.mp4', 'a\u2028b\x85c\n.mp4'.encode()]
    for name in names:
        write_good(folder / 'made.mp4')
        (folder / 'made.mp4').rename(folder / os.fsdecode(name))
        (folder / os.fsdecode(b'bad' + name)).write_bytes(b'nothing')
    first, second = run('videos'), run('videos')
    assert first.stderr.count('Bad video: videos/bad') == 3
    assert 'good       3 (36 frames)' in first.stdout
    assert '6 videos, 6 of them checked before' in second.stdout
    lines = Path('work_dirs/checked_videos.jsonl').read_text().splitlines()
    assert len([json.loads(line) for line in lines]) == 6


@pytest.mark.parametrize('make', [write_avi, write_mkv])
def test_gaps(tmp_path, make):
    make(tmp_path / 'a.mp4')
    assert check_video(tmp_path / 'a.mp4').frames == FRAMES
    wipe_out(tmp_path / 'a.mp4')
    fault = check_video(tmp_path / 'a.mp4').fault
    assert 'not where its index says' in fault or 'its frames break off' in fault


@pytest.mark.parametrize('harm', [cut, wipe_out])
@pytest.mark.parametrize('name', ['apply_eye_makeup.avi', 'flipping_pancake.mkv'])
def test_real_clips(tmp_path, media_dir, name, harm):
    (tmp_path / name).write_bytes((media_dir / name).read_bytes())
    assert not check_video(tmp_path / name, quick=True).fault
    harm(tmp_path / name)
    for quick in (True, False):
        assert check_video(tmp_path / name, quick).fault


def check_quietly(path, quick):
    # pytest's would fill the screen.
    faulthandler.disable()
    return check_video(path, quick)


def test_what_pipelines_crash_on_costs_a_process(tmp_path, media_dir, monkeypatch):
    """Without the look at the container the decoder ends its process."""
    path = tmp_path / 'a.avi'
    path.write_bytes((media_dir / 'apply_eye_makeup.avi').read_bytes())
    cut(path)
    for look in ('find_cut', 'find_gap'):
        monkeypatch.setattr(video_check, look, lambda path: '')
    monkeypatch.setattr(check_run, 'check_video', check_quietly)
    (found,) = check_videos([path], tmp_path / 'record.jsonl').found
    assert found.fault == 'its decoder crashes'


def test_quick_look_does_not_count_as_a_whole_one(folder):
    run('videos', '--quick')
    whole = run('videos')
    assert 'checked before' not in whole.stdout
    assert 'checked before' in run('videos', '--quick').stdout


def test_good_videos(folder):
    for kind in KINDS:
        path = folder / f'{kind}.mp4'
        path.rmdir() if path.is_dir() else path.unlink(missing_ok=True)
    result = run('videos')
    assert result.exit_code == 0
    assert f'good       {len(ODD)} (39 frames)' in result.stdout


def crash_or_hang(path, quick):
    if path.name == 'crash.mp4':
        os.kill(os.getpid(), signal.SIGKILL)
    while path.name == 'hang.mp4':
        time.sleep(0.1)
    return check_video(path, quick)


def test_videos_that_end_a_process(tmp_path, monkeypatch):
    """A decoder that crashes or hangs costs its video, and no other."""
    names = [f'good{i}.mp4' for i in range(9)]
    names[2:2], names[6:6] = ['crash.mp4'], ['hang.mp4']
    for name in names:
        write_good(tmp_path / name)
    monkeypatch.setattr(check_run, 'check_video', crash_or_hang)
    paths = [tmp_path / name for name in names]
    record = tmp_path / 'record.jsonl'
    checks = check_videos(paths, record, seconds=2, workers=2)
    bad = {Path(own.path).name: own.fault for own in checks.bad}
    assert bad == {
        'crash.mp4': 'its decoder crashes',
        'hang.mp4': 'it takes more than 2 s',
    }
    assert [Path(own.path).name for own in checks.found] == names
    lines = record.read_text().splitlines()
    assert len({json.loads(line)['path'] for line in lines}) == len(names)
    # Another decoder, or more time, may read them.
    monkeypatch.undo()
    checks = check_videos(paths, record, workers=2)
    assert (checks.known, checks.bad) == (9, [])


def test_wrong_use(folder):
    result = run('videos', '--good', 'good.txt')
    assert result.exit_code == 2
    assert 'needs a list (.txt) to leave lines out of, got videos' in result.stderr
    Path('good.txt').write_text('mine')
    result = run('list.txt', '--root', 'videos', '--good', 'good.txt')
    assert result.exit_code == 1
    assert 'good.txt exists' in result.stderr
    assert Path('good.txt').read_text() == 'mine'
