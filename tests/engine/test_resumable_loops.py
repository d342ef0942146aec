"""Trainings that are killed and resumed end as if nothing had happened."""

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import CheckpointHook
from mmengine.runner import Runner
from resuming_run import BATCH, EPOCHS, STEPS, VIDEOS, Kill, Seen, make_config

from tpn_tsn_plugin.engine.resuming import WholeFileBackend
from tpn_tsn_plugin.engine.resuming.checkpoints import keep_whole_checkpoints
from tpn_tsn_plugin.errors import CheckpointError

HERE = Path(__file__).resolve().parent
ALL = EPOCHS * STEPS


@pytest.fixture(scope='module')
def train(training_folder):
    """Train in a process of its own; what it saw and its weights, or None if killed."""

    def run(processes=1, **options):
        out = training_folder / 'weights.pth'
        launch = ['torch.distributed.run', '--standalone', '--nproc_per_node', '2']
        command = [sys.executable, *(['-m', *launch] if processes == 2 else [])]
        command += [str(HERE / 'resuming_run.py'), str(training_folder)]
        done = subprocess.run(
            [*command, json.dumps(options), str(out)],
            env={**os.environ, 'PYTHONPATH': str(HERE.parents[1])},
            capture_output=True,
            text=True,
            timeout=600,
        )
        if 'kill' in options:
            assert done.returncode == (-signal.SIGKILL if processes == 1 else 1)
            return None
        assert done.returncode == 0, done.stderr[-2000:]
        return json.loads(done.stdout.splitlines()[-1]), torch.load(out)

    return run


@pytest.fixture(scope='module')
def undisturbed(train):
    return {
        endless: train(work_dir=f'undisturbed-{endless}', endless=endless)
        for endless in (False, True)
    }


@pytest.mark.integration
@pytest.mark.parametrize('endless', [False, True])
def test_killed_training_ends_as_an_undisturbed_one(train, undisturbed, endless):
    """Inside an epoch and between epochs, with another number of workers each time."""
    options = dict(work_dir=f'killed-{endless}', endless=endless)
    train(**options, kill=3, workers=1)
    train(**options, kill=STEPS + 1)
    seen, weights = train(**options, workers=2)
    steps, expected = undisturbed[endless]
    # From the last checkpoint on, and each step as it would have been.
    assert sorted(map(int, seen)) == list(range(STEPS, ALL))
    assert all(seen[step] == steps[step] for step in seen)
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in weights)


@pytest.mark.integration
def test_killed_training_of_two_processes(train):
    steps, expected = train(processes=2, work_dir='undisturbed-2')
    train(processes=2, work_dir='killed-2', kill=4, workers=1)
    seen, weights = train(processes=2, work_dir='killed-2')
    assert 0 not in map(int, seen)
    assert all(seen[step] == steps[step] for step in seen)
    assert all(torch.equal(weights[name], expected[name]) for name in weights)


def test_undisturbed_training_augments_anew_in_every_epoch(undisturbed):
    for steps, _ in undisturbed.values():
        pixels = [tuple(own[3]) for own in steps.values()]
        assert len(set(pixels)) == len(pixels) == ALL
        names = [name for own in list(steps.values())[:STEPS] for name in own[2]]
        assert len(names) >= VIDEOS


def make_runner(training_folder, **options):
    return Runner.from_cfg(make_config(training_folder, **options))


@pytest.fixture(scope='module')
def killed(training_folder, train):
    """Work dir of a training that keeps one checkpoint, killed after 5 steps."""
    train(work_dir='two', kill=5)
    return training_folder / 'two'


def test_one_checkpoint_is_kept(killed):
    assert [path.name for path in killed.glob('*.pth')] == ['iter_4.pth']


def test_other_backends_keep_two_checkpoints():
    """They delete the one before they write the next."""
    hook = CheckpointHook(max_keep_ckpts=1, backend_args=dict(backend='local'))
    runner = SimpleNamespace(hooks=[hook], logger=logging.getLogger('backends'))
    keep_whole_checkpoints(runner)
    assert hook.max_keep_ckpts == 2
    assert hook.backend_args == dict(backend='local')


@pytest.mark.parametrize('named', ['', 'iter_6.pth'])
def test_torn_note_and_torn_checkpoint(training_folder, killed, named):
    """What a kill leaves that came between a checkpoint and the note of its name."""
    note = killed / 'last_checkpoint'
    note.write_text(named and str(killed / named))
    piece = (killed / 'iter_4.pth').read_bytes()[:999]
    (killed / 'iter_6.pth').write_bytes(piece)
    # These are newer, and have no optimiser.
    for name in ('best_acc_iter_4.pth', 'iter_4-0a1b2c3d.pth'):
        shutil.copy(killed / 'iter_4.pth', killed / name)
    (killed / '.iter_8.99.partial.pth').write_bytes(piece)
    runner = make_runner(training_folder, work_dir='two')
    runner.build_train_loop(runner._train_loop)
    assert note.read_text() == str(killed / 'iter_4.pth')
    assert not list(killed.glob('.*.pth'))


@pytest.mark.parametrize('endless', [False, True])
def test_another_batch_size_is_told_and_starts_the_epoch_anew(
    training_folder, train, endless, caplog
):
    name = f'other-{endless}'
    train(work_dir=name, endless=endless, kill=STEPS + 3)
    config = make_config(training_folder, work_dir=name, endless=endless)
    config.train_dataloader.batch_size = BATCH + 1
    runner = Runner.from_cfg(config)
    runner.logger.addHandler(caplog.handler)
    seen = Seen()
    runner.register_hook(seen)
    runner.train()
    assert "'batch_size': 4, 'ranks': 1} and goes on with " in caplog.text
    steps = -(-VIDEOS // (BATCH + 1))
    start = STEPS + 2 if endless else steps
    assert list(seen.steps) == list(range(start, ALL if endless else EPOCHS * steps))


def test_nothing_whole_is_left(training_folder):
    (training_folder / 'none').mkdir()
    (training_folder / 'none' / 'last_checkpoint').write_text('/nowhere/iter_2.pth')
    runner = make_runner(training_folder, work_dir='none')
    runner.build_train_loop(runner._train_loop)
    assert not (training_folder / 'none' / 'last_checkpoint').exists()


def raise_full(path, content):
    raise OSError(28, 'No space left on device')


def test_full_disk_leaves_what_was_there(tmp_path, monkeypatch):
    path = tmp_path / 'iter_2.pth'
    backend = WholeFileBackend()
    backend.put(b'earlier', path)

    monkeypatch.setattr(Path, 'write_bytes', raise_full)
    with pytest.raises(
        CheckpointError, match=r'iter_2.pth cannot be written \(No space'
    ):
        backend.put(b'later', path)
    assert path.read_bytes() == b'earlier'
    assert [entry.name for entry in tmp_path.iterdir()] == ['iter_2.pth']


def test_outdated_checkpoints_stay_until_the_next_one_is_whole(tmp_path, monkeypatch):
    """MMEngine deletes the best one, with another backend than it then writes with."""
    first, second, third = (tmp_path / f'best_{number}.pth' for number in range(3))
    WholeFileBackend().put(b'first', first)
    WholeFileBackend().remove(str(first))
    with monkeypatch.context() as full:
        full.setattr(Path, 'write_bytes', raise_full)
        with pytest.raises(CheckpointError, match='earlier checkpoints are whole'):
            WholeFileBackend().put(b'second', second)
    assert list(tmp_path.iterdir()) == [first]
    WholeFileBackend().put(b'third', third)
    WholeFileBackend().remove(first)
    # The same name again is no outdated file.
    WholeFileBackend().remove(third)
    WholeFileBackend().put(b'third', third)
    assert list(tmp_path.iterdir()) == [third]


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (
            {'train_dataloader.sampler.type': 'ClassAwareSampler'},
            'knows the orders of DefaultSampler.*got the sampler ClassAwareSampler',
        ),
        (
            {'train_dataloader.batch_sampler': dict(type='AspectRatioBatchSampler')},
            'the batch sampler AspectRatioBatchSampler',
        ),
        (
            {'optim_wrapper.accumulative_counts': 4},
            'a checkpoint every 2 steps would lose gradients .* over 4 steps',
        ),
    ],
)
def test_what_cannot_be_resumed_exactly(training_folder, change, message):
    config = make_config(training_folder, work_dir='refused', resume=False)
    config.merge_from_dict(change)
    with pytest.raises(ValueError, match=message):
        Runner.from_cfg(config).train()


def test_kill_hook_kills(monkeypatch):
    """Otherwise the tests above would show nothing."""
    sent = []
    monkeypatch.setattr(os, 'kill', lambda *arguments: sent.append(arguments))
    runner = type('', (), dict(iter=4))()
    Kill(5).after_train_iter(runner, 0)
    Kill(4).after_train_iter(runner, 0)
    assert sent == [(os.getpid(), signal.SIGKILL)]
