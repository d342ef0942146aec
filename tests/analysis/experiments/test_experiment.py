"""Running one experiment: what is read back, what is not done again, what fails."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from tpn_tsn_plugin.analysis.experiments.experiment import (
    Experiment,
    digest_of,
    run_experiment,
)
from tpn_tsn_plugin.analysis.experiments.shared_work import BusyError
from tpn_tsn_plugin.analysis.experiments.training_log import (
    Length,
    read_finished,
    read_test,
    read_validation,
)
from tpn_tsn_plugin.datasets import lock
from tpn_tsn_plugin.errors import ExperimentError

CONFIG = 'configs/demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'
# What a result that can be used again holds.
MEASURED = dict(seed=3, parameters=1, train_seconds=1.0, test={})


@pytest.fixture
def experiment(repo_root, tmp_path):
    options = ('model.neck.information_flow=botom_up', 'train_cfg.max_epochs=1')
    return Experiment(repo_root / CONFIG, 3, tmp_path, options)


def no_progress(done, total, accuracy):
    raise AssertionError('nothing was to be done')


def digest(experiment):
    return digest_of(experiment, experiment.load_config())


def test_a_finished_experiment_is_not_run_again(experiment):
    result = dict(MEASURED, config_digest=digest(experiment))
    experiment.result_file.write_text(json.dumps(result))
    assert run_experiment(experiment, no_progress) == result


def test_a_result_of_other_options_is_not_taken_for_this_one(experiment):
    result = dict(MEASURED, config_digest=digest(replace(experiment, options=())))
    experiment.result_file.write_text(json.dumps(result))
    with pytest.raises(ExperimentError, match=r'other options than .*up') as error:
        run_experiment(experiment, no_progress)
    assert experiment.result_file.name in str(error.value)


@pytest.mark.parametrize('kind', ['checkpoint', 'inputs'])
def test_a_result_of_another_checkpoint_is_not_taken_for_this_one(
    experiment, kind, tmp_path
):
    path = tmp_path / 'source.pth'
    path.write_bytes(b'before')
    given = {'checkpoint': path, 'inputs': (path,)}
    experiment = replace(experiment, **{kind: given[kind]})
    result = dict(MEASURED, config_digest=digest(experiment))
    experiment.result_file.write_text(json.dumps(result))
    assert run_experiment(experiment, no_progress) == result
    path.write_bytes(b'trained again')
    with pytest.raises(ExperimentError, match='or another checkpoint; choose another'):
        run_experiment(experiment, no_progress)


def test_a_work_dir_of_other_options_is_not_resumed(experiment):
    pytest.importorskip('mim', reason='needs the extra "mim"')
    experiment.work_dir.mkdir()
    experiment.digest_file.write_text(digest(replace(experiment, options=())))
    with pytest.raises(ExperimentError, match='choose another folder, or delete'):
        run_experiment(experiment, no_progress)


def test_what_a_killed_run_has_left_at_work_is_not_joined(experiment, monkeypatch):
    """Nothing writes the same checkpoints beside it."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    monkeypatch.setattr(lock, 'PATIENCE', 0.1)
    command = [sys.executable, '-c', 'import time; time.sleep(60)']
    with experiment.log_file.open('a') as log:
        assert lock.acquire(log.fileno())
        log.write('$ train  # process group 7 on node1\n$ train, by an older version\n')
        orphan = subprocess.Popen(command, stdout=log)
    try:
        before = experiment.log_file.read_text()
        with pytest.raises(BusyError, match='still at work for a run that was') as busy:
            run_experiment(experiment, lambda *_: None)
    finally:
        orphan.kill()
        orphan.wait()
    assert str(busy.value).endswith('wait until it ends, or end it')
    assert experiment.log_file.read_text() == before


def test_what_is_stopped_leaves_nothing_at_work(experiment, monkeypatch, tmp_path):
    """The log is locked as long as anything that was started lives."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    program = tmp_path / 'program'
    program.write_text('#!/bin/sh\nsleep 60 & sleep 60\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, 'executable', str(program))

    def stop(*_):
        with experiment.log_file.open('a') as log, monkeypatch.context() as patch:
            patch.setattr(lock, 'PATIENCE', 0)
            assert not lock.acquire(log.fileno())
        raise ExperimentError('stopped')

    with pytest.raises(ExperimentError, match='stopped'):
        run_experiment(experiment, stop)
    with experiment.log_file.open('a') as log:
        assert lock.acquire(log.fileno())


def test_options_change_the_config(experiment):
    assert experiment.load_config().model.neck.information_flow == 'botom_up'
    assert experiment.name.endswith('tempo-demo-rgb_seed3')


def test_validation_curve_over_interrupted_runs(tmp_path):
    records = {
        'a': [{'loss': 2.0, 'epoch': 1, 'step': 30}, {'acc/top1': 0.1, 'step': 1}],
        'b': [{'acc/top1': 0.2, 'step': 2}, {'loss': 1.0, 'epoch': 3, 'step': 70}],
    }
    for run, lines in records.items():
        folder = tmp_path / run / 'vis_data'
        folder.mkdir(parents=True)
        text = '\n'.join(map(json.dumps, lines)) + '\n{"acc/top1": 0.'
        (folder / 'scalars.json').write_text(text)
    assert read_validation(tmp_path) == {1: 0.1, 2: 0.2}
    assert read_finished(tmp_path, Length(3)) == 2


@pytest.mark.parametrize(
    ('named', 'steps'),
    # MMEngine calls it epoch 0 unless its LoggerHook is told otherwise.
    [
        ((0, 0, 0), {20: 0.1, 40: 0.2, 60: 0.3}),
        ((25, 50, 75), {25: 0.1, 50: 0.2, 75: 0.3}),
    ],
)
def test_validation_curve_by_iteration(tmp_path, named, steps):
    vis_data = tmp_path / 'run' / 'vis_data'
    vis_data.mkdir(parents=True)
    records = []
    for i, step in enumerate(named, start=1):
        records += [{'loss': 2.0, 'iter': 20 * i, 'step': 20 * i}]
        records += [{'acc/top1': i / 10, 'step': step}]
    (vis_data / 'scalars.json').write_text('\n'.join(map(json.dumps, records)))
    assert read_validation(tmp_path, by_epoch=False) == steps
    assert read_finished(tmp_path, Length(80, by_epoch=False)) == 60


@pytest.mark.parametrize(
    'train_cfg', ['None', '{}', 'dict(max_epochs=1,max_iters=1)', 'dict(max_iters=0)']
)
def test_a_config_without_length_leaves_nothing(tmp_path, train_cfg):
    pytest.importorskip('mim', reason='needs the extra "mim"')
    config = tmp_path / 'config.py'
    config.write_text(f'model = dict()\ntrain_cfg = {train_cfg}\n')
    experiment = Experiment(config, 0, tmp_path / 'out')
    with pytest.raises(ExperimentError, match='positive max_epochs or max_iters to t'):
        run_experiment(experiment, no_progress)
    assert not experiment.folder.exists()


@pytest.mark.integration
def test_a_training_by_iterations(repo_root, tmp_path, monkeypatch):
    pytest.importorskip('mim', reason='needs the extra "mim"')
    base = repo_root / 'configs/tsn/tsn_r18_1xb16-1x1x3-12e_tempo-demo-rgb.py'
    sizes = dict(train=16, val=4, test=4, untrimmed=1, untrimmed_train=1)
    data = dict(
        data_root=str(tmp_path / 'data'),
        num_videos=sizes,
        scene=dict(size=32, num_frames=24, fps=4),
    )
    loader = dict(num_workers=0, persistent_workers=False, dataset=data)
    loaders = {f'{split}_dataloader': loader for split in ('train', 'val', 'test')}
    loop = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=3, val_interval=2)
    checkpoint = dict(by_epoch=False, interval=2)
    config = dict(
        _base_=str(base),
        **loaders,
        train_cfg=loop,
        param_scheduler=[],
        log_processor=dict(by_epoch=False),
        default_hooks=dict(logger=dict(interval=1), checkpoint=checkpoint),
    )
    path = tmp_path / 'config.py'
    path.write_text('\n'.join(f'{key} = {value!r}' for key, value in config.items()))
    monkeypatch.setenv('PYTHONPATH', str(repo_root))
    told = []
    result = run_experiment(
        Experiment(path, 0, tmp_path / 'out', threads=1), lambda *p: told.append(p)
    )
    assert result['iterations'] == 3
    assert 'epochs' not in result
    assert set(result['validation']) == {2, 3}
    assert 0 <= result['test']['acc/top1'] <= 1
    assert (3, 3, result['validation'][3]) in told
    assert (tmp_path / 'out/config_seed0/iter_3.pth').is_file()


@pytest.mark.integration
def test_metrics_of_any_evaluator(tmp_path):
    """The last test counts; what has a step is a validation."""
    records = [
        {'acc/top1': 0.1, 'time': 0.2, 'step': 3},
        {'mAP/video': 0.5, 'data_time': 0.1, 'time': 0.2},
        {'mAP/video': 0.6, 'mAP/class': 0.4, 'data_time': 0.1, 'time': 0.2},
    ]
    log = tmp_path / 'run' / '20260101_000000.json'
    log.parent.mkdir()
    log.write_text('\n'.join(map(json.dumps, records)) + '\n{"mAP/vid')
    assert read_test(tmp_path) == {'mAP/video': 0.6, 'mAP/class': 0.4}
    log.write_text(json.dumps(records[0]))
    with pytest.raises(ExperimentError, match='testing left no metrics'):
        read_test(tmp_path)


def test_failure_names_the_reason_and_the_log(experiment, installed_env, monkeypatch):
    """The reason is the neck's own message, through mim and the runner."""
    pytest.importorskip('mim', reason='needs the extra "mim"')
    monkeypatch.setenv('PYTHONPATH', installed_env['PYTHONPATH'])
    with pytest.raises(ExperimentError) as error:
        run_experiment(experiment, lambda *_: None)
    message = str(error.value)
    assert '\n' not in message
    assert "information_flow must be one of ['isolation', 'bottom_up'" in message
    assert "got 'botom_up'" in message
    assert str(experiment.log_file) in message
    assert not experiment.result_file.exists()
