"""A folder made once and whole: races, kills, refusals."""

import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from tpn_tsn_plugin.datasets.tempo_demo import TempoOptions, generate
from tpn_tsn_plugin.datasets.tempo_demo.store import make_once
from tpn_tsn_plugin.errors import DemoDataError, PluginError

FORK = multiprocessing.get_context('fork')
SMALL = TempoOptions(train=12, val=0, test=0, untrimmed=0)


def fill(folder):
    (folder / 'data').write_text('new')
    return {'counts': 1}


def leftovers(root):
    return [path for path in root.parent.iterdir() if 'partial' in path.name]


def wait_for(condition, seconds=20.0):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'waited in vain'
        time.sleep(0.01)


def test_made_once_then_found(tmp_path):
    root = tmp_path / 'a' / 'b'
    assert make_once(root, {'seed': 0}, fill)
    assert not make_once(root, {'seed': 0}, fill)
    manifest = json.loads((root / 'manifest.json').read_text())
    assert manifest == {'parameters': {'seed': 0}, 'counts': 1, 'files': {'data': 3}}


def test_other_parameters_are_refused_in_one_line_and_nothing_is_lost(tmp_path):
    root = tmp_path / 'data'
    make_once(root, {'seed': 0, 'scene': {'fps': 16}}, fill)
    with pytest.raises(DemoDataError) as caught:
        make_once(root, {'seed': 1, 'scene': {'fps': 8}}, fill)
    message = str(caught.value)
    assert isinstance(caught.value, PluginError)
    assert 'seed is 0, asked for 1' in message
    assert 'scene.fps is 16, asked for 8' in message
    assert '--force' in message
    assert '\n' not in message
    assert (root / 'data').read_text() == 'new'


def test_force_keeps_the_old_until_the_new_is_complete(tmp_path):
    root = tmp_path / 'data'
    make_once(root, {'seed': 0}, fill)

    def fail(folder):
        assert (root / 'data').exists()
        raise OSError('disk full')

    with pytest.raises(OSError, match='disk full'):
        make_once(root, {'seed': 1}, fail, force=True)
    assert not make_once(root, {'seed': 0}, fill)
    assert leftovers(root) == []
    assert make_once(root, {'seed': 1}, fill, force=True)
    assert not make_once(root, {'seed': 1}, fill)


def test_kill_between_the_two_renames_of_force_loses_nothing(tmp_path):
    root = tmp_path / 'data'
    make_once(root, {'seed': 0}, fill)
    root.rename(tmp_path / '.data.old')
    assert not make_once(root, {'seed': 0}, fill)
    assert (root / 'data').exists()


@pytest.mark.parametrize('force', [False, True])
def test_foreign_folder_is_never_touched(tmp_path, force):
    (tmp_path / 'thesis.txt').write_text('precious')
    with pytest.raises(DemoDataError, match='holds no demo data'):
        make_once(tmp_path, {'seed': 0}, fill, force=force)
    assert (tmp_path / 'thesis.txt').read_text() == 'precious'


@pytest.mark.parametrize('text', ['', '{"parameters": {}}', '[]', '{"files": 1'])
def test_broken_manifest_is_not_trusted(tmp_path, text):
    (tmp_path / 'manifest.json').write_text(text)
    with pytest.raises(DemoDataError, match='holds no demo data'):
        make_once(tmp_path, {}, fill)


def test_empty_folder_may_be_filled_and_a_link_stays_a_link(tmp_path):
    (tmp_path / 'disk').mkdir()
    (tmp_path / 'link').symlink_to(tmp_path / 'disk')
    assert make_once(tmp_path / 'link', {}, fill)
    assert (tmp_path / 'link').is_symlink()
    assert (tmp_path / 'disk' / 'data').exists()


def test_lost_file_is_noticed(tmp_path):
    root = tmp_path / 'data'
    make_once(root, {}, fill)
    (root / 'data').unlink()
    with pytest.raises(DemoDataError, match=r'1 of 1 files .* first data'):
        make_once(root, {}, fill)
    assert make_once(root, {}, fill, force=True)


def race(root, barrier, answers):
    barrier.wait()
    answers.put(generate(root, SMALL, workers=2))


def test_two_processes_make_it_once(tmp_path):
    barrier, answers = FORK.Barrier(2), FORK.Queue()
    makers = [
        FORK.Process(target=race, args=(tmp_path / 'tempo', barrier, answers))
        for _ in range(2)
    ]
    for maker in makers:
        maker.start()
    assert sorted(answers.get(timeout=30) for _ in makers) == [False, True]
    for maker in makers:
        maker.join(10)
        assert maker.exitcode == 0


def test_killed_run_leaves_nothing_that_is_trusted(tmp_path):
    root = tmp_path / 'tempo'
    large = TempoOptions(train=4000)
    maker = FORK.Process(target=generate, args=(root, large, 2))
    maker.start()
    wait_for(lambda: len(list(tmp_path.glob('.tempo.partial-*/videos/train/*'))) > 5)
    children = Path(f'/proc/{maker.pid}/task/{maker.pid}/children')
    workers = children.read_text().split() if children.exists() else []
    os.kill(maker.pid, signal.SIGKILL)
    maker.join()
    assert not root.exists()
    assert leftovers(root)
    # Workers without a parent end by themselves; init may leave them as zombies.
    try:
        wait_for(lambda: not any(alive(pid) for pid in workers))
    finally:
        for pid in filter(alive, workers):
            os.kill(int(pid), signal.SIGKILL)
    assert generate(root, SMALL, workers=1)
    assert leftovers(root) == []
    assert len((root / 'train.txt').read_text().splitlines()) == 12


def alive(pid):
    try:
        state = Path(f'/proc/{pid}/stat').read_text().rsplit(')', 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != 'Z'


def test_data_loader_worker_may_be_the_maker(tmp_path):
    maker = FORK.Process(
        target=generate, args=(tmp_path / 'tempo', SMALL, 2), daemon=True
    )
    maker.start()
    maker.join(30)
    assert maker.exitcode == 0
    assert (tmp_path / 'tempo' / 'manifest.json').exists()


def test_a_folder_that_cannot_be_written_is_refused_at_once(tmp_path):
    (tmp_path / 'file').touch()
    with pytest.raises(DemoDataError, match=r'cannot write in .*file'):
        make_once(tmp_path / 'file' / 'data', {}, lambda folder: {'files': {}})
