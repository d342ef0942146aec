"""Two and four processes: results of one, and an end where one of them dies.

``SEVERAL_PROCESSES=all`` runs what repeats the same with another number of processes.
"""

import json
import os
import re
import time
from pathlib import Path

import pytest
from process_configs import (
    PYRAMID,
    TASKS,
    alone,
    compare,
    options_of_testing,
    weights_of,
    write_config,
    write_weights,
)
from process_jobs import TOOLS, finished, free_port, launch, started
from rank_parts import DEATH, LAST_WORDS, MAKERS

pytestmark = pytest.mark.integration
repeats = pytest.mark.skipif(
    os.environ.get('SEVERAL_PROCESSES') != 'all',
    reason='repeats; SEVERAL_PROCESSES=all runs it',
)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """A place for each number of processes, and weights for several labels a video."""
    folder = tmp_path_factory.mktemp('several')
    for processes in (2, 4):
        own = folder / str(processes)
        own.mkdir()
        write_config(own / 'pyramid.py', PYRAMID, own / 'data')
        write_config(own / 'tasks.py', TASKS, own / 'data')
    write_weights(own / 'tasks.py', folder / 'tasks.pth')
    return folder


@pytest.fixture(scope='module')
def two(folder):
    """Trained by mim, and tested."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    own = folder / '2'
    launcher = ['--launcher', 'pytorch', '--gpus', '2', '--port', free_port()]
    mim = ['-m', 'mim', 'train', 'mmaction', own / 'pyramid.py', *launcher]
    finished([*mim, '--work-dir', own / 'w'], own / 'train.log')
    return own


@pytest.fixture(scope='module')
def four(folder):
    """Trained and tested by MMAction2's tools, as mim calls them."""
    own = folder / '4'
    place = ['--work-dir', str(own / 'w'), '--launcher', 'pytorch']
    tools = [['train.py', str(own / 'pyramid.py'), *place]]
    for name in ('pyramid', 'tasks'):
        test = ['test.py', str(own / f'{name}.py'), weights_of(own, name)]
        tools.append([*test, *options_of_testing(own, name), *place[2:]])
    program = Path(__file__).with_name('tools_in_turn.py')
    finished([*launch(4), program, json.dumps(tools)], own / 'log')
    return own


@pytest.fixture(scope='module', params=[2, 4])
def trained(request):
    """What a number of processes has left."""
    return request.getfixturevalue({2: 'two', 4: 'four'}[request.param])


def test_one_process_makes_the_videos_and_the_others_wait(trained):
    notes = [line.split() for line in (trained / MAKERS).read_text().splitlines()]
    assert {int(rank) for rank, _ in notes} == set(range(int(trained.name)))
    assert [made for _, made in notes].count('True') == 1
    assert [path.name for path in trained.glob('.data*')] == ['.data.lock']
    manifest = json.loads((trained / 'data' / 'manifest.json').read_text())
    assert all((trained / 'data' / name).is_file() for name in manifest['files'])


def test_validation_scores_as_the_checkpoint_in_one_process(trained):
    (path,) = trained.glob('w/*/vis_data/scalars.json')
    validated = json.loads(path.read_text().splitlines()[-1])
    metrics, _ = alone(trained, 'pyramid', 'val')
    assert 0 < metrics['acc/mean_ap'] < 1
    assert {key: validated[key] for key in metrics} == metrics


@pytest.mark.parametrize('name', ['pyramid', 'tasks'])
def test_four_processes_test_as_one_does(four, name):
    compare(four, name)


@repeats
def test_two_processes_test_as_one_does(two):
    launcher = ['--launcher', 'pytorch', '--gpus', '2', '--port', free_port()]
    mim = ['-m', 'mim', 'test', 'mmaction', two / 'pyramid.py']
    weights = ['--checkpoint', weights_of(two, 'pyramid')]
    options = options_of_testing(two, 'pyramid')
    finished([*mim, *weights, *launcher, *options], two / 'test.log')
    compare(two, 'pyramid')


@pytest.mark.parametrize(
    ('processes', 'mode', 'how'),
    [
        (2, 'train', 'kill'),
        (2, 'val', 'raise'),
        pytest.param(2, 'val', 'kill', marks=repeats),
        pytest.param(4, 'train', 'raise', marks=repeats),
    ],
)
def test_a_rank_that_dies_ends_all(four, tmp_path, processes, mode, how):
    last = processes - 1
    death = dict(type='DyingRank', rank=last, mode=mode, how=how)
    config = write_config(
        tmp_path / 'dying.py', PYRAMID, four / 'data', custom_hooks=[death]
    )
    options = ['--work-dir', tmp_path / 'w', '--launcher', 'pytorch', '--cfg-options']
    command = [*launch(processes), TOOLS / 'train.py', config, *options]
    with started([*command, 'train_dataloader.num_workers=1'], tmp_path / 'log') as job:
        assert job.wait() == 1
        assert time.time() - float((tmp_path / 'w' / DEATH).read_text()) < 60
        assert job.ends_wholly()
    shown = {'kill': 'Signal 9 (SIGKILL)', 'raise': f'ValueError: {LAST_WORDS}'}
    assert shown[how] in job.printed
    assert re.search(rf'rank +: {last} ', job.printed)
