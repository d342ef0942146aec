"""Bad videos: what takes their place, what is said of them, and when it is too much."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from bad_video_run import Seen, make_runner
from broken_videos import BROKEN, ODD, truncated, write_good
from mmengine.evaluator import BaseMetric
from mmengine.hooks import Hook

import tpn_tsn_plugin  # noqa: F401
from tpn_tsn_plugin.engine import BadVideoHook
from tpn_tsn_plugin.engine.bad_videos.guarded_preparation import (
    BAD_VIDEOS,
    BadVideo,
    GuardedPreparation,
    describe,
)
from tpn_tsn_plugin.engine.bad_videos.skipping import skip_bad_videos
from tpn_tsn_plugin.errors import BadVideoError

# An uneven number of all, for two ranks.
GOOD = 25
# Root may read what nobody may read.
KINDS = [kind for kind in BROKEN if kind != 'unreadable' or os.geteuid()]


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    """Good videos, one of each broken kind, odd ones, and their lists."""
    folder = tmp_path_factory.mktemp('videos')
    names = [f'good{i}' for i in range(GOOD)]
    for name in names:
        write_good(folder / f'{name}.mp4')
    for make in (*(BROKEN[kind] for kind in KINDS), *ODD.values()):
        make(folder / f'{make.__name__}.mp4')
    sound = [*names, *ODD]
    for file, chosen in (
        ('all.txt', [*sound, *KINDS]),
        ('good.txt', sound),
        ('bad.txt', KINDS),
    ):
        lines = [f'{name}.mp4 {i % 3}' for i, name in enumerate(chosen)]
        (folder / file).write_text('\n'.join(lines) + '\n')
    return folder


def report(work_dir):
    return [json.loads(line) for line in (work_dir / 'bad_videos.jsonl').open()]


@pytest.mark.parametrize('workers', [0, 2])
def test_training_goes_on_and_the_report_has_exactly_the_bad_ones(
    folder, tmp_path, workers, caplog, capfd
):
    runner = make_runner(folder, tmp_path, workers=workers)
    seen = Seen()
    runner.register_hook(seen)
    runner.logger.addHandler(caplog.handler)
    runner.train()
    assert len(seen.names) == GOOD + len(ODD) + len(KINDS)
    assert set(seen.names) <= {*(f'good{i}' for i in range(GOOD)), *ODD}
    found = report(tmp_path)
    assert sorted(Path(entry['path']).stem for entry in found) == sorted(KINDS)
    assert all(entry['split'] == 'train' and entry['reason'] for entry in found)
    lines = [r.message for r in caplog.records if r.levelno == logging.WARNING]
    named = [line for line in lines if line.startswith('Bad video')]
    assert len(named) == len(KINDS)
    assert all('another one takes its place' in line for line in named)
    (summary,) = [line for line in lines if line.startswith('Epoch 1')]
    assert f'{len(KINDS)} of {GOOD + len(ODD) + len(KINDS)} training' in summary
    assert f' {len(KINDS)} samples of this rank were replaced' in summary
    # decord has a line of its own, the file's bytes in it, for what it cannot open.
    assert 'ERROR' not in capfd.readouterr().err


def test_each_run_counts_what_it_has_met(tmp_path, caplog):
    """Not videos that have been mended since, or were of another list."""
    names = [f'v{number}' for number in range(8)]
    (tmp_path / 'all.txt').write_text(''.join(f'{name}.mp4 0\n' for name in names))
    for number, name in enumerate(names):
        (truncated if number < 3 else write_good)(tmp_path / f'{name}.mp4')
    hook = dict(max_bad_fraction=0.25)
    with pytest.raises(BadVideoError, match='3 of 8 training videos cannot be read'):
        make_runner(tmp_path, tmp_path / 'w', hook=hook).train()
    write_good(tmp_path / 'v0.mp4')
    write_good(tmp_path / 'v1.mp4')
    truncated(tmp_path / 'v7.mp4')
    runner = make_runner(tmp_path, tmp_path / 'w', hook=hook)
    runner._train_loop = dict(type='EpochBasedTrainLoop', max_epochs=2)
    runner.logger.addHandler(caplog.handler)
    # 2 of 8 are just what is allowed, in two epochs as in one.
    runner.train()
    assert (
        '2 of 8 training videos are bad, 2 samples' in caplog.text.split('Epoch 2')[1]
    )
    entries = report(tmp_path / 'w')
    assert len({entry['run'] for entry in entries}) == 2
    assert sorted(Path(own['path']).stem for own in entries[3:]) == ['v2', 'v7']


def test_sets_in_sets_and_loops_that_count_iterations(folder, tmp_path):
    runner = make_runner(folder, tmp_path, train=('good.txt', 'all.txt'), workers=1)
    runner._train_loop = dict(type='IterBasedTrainLoop', max_iters=40)
    runner.train()
    assert {Path(entry['path']).stem for entry in report(tmp_path)} == set(KINDS)


def test_who_takes_the_place_does_not_depend_on_the_workers(folder, tmp_path):
    found = []
    for workers in (0, 1, 2):
        runner = make_runner(
            folder,
            tmp_path / str(workers),
            workers=workers,
            augment=[dict(type='RandomResizedCrop'), dict(type='ColorJitter')],
        )
        runner._train_loop = dict(type='ResumableEpochLoop', max_epochs=1)
        seen = Seen()
        runner.register_hook(seen)
        runner.train()
        found.append((seen.names, seen.sums))
    assert found[0] == found[1] == found[2]


def test_too_many_bad_videos_stop_training(folder, tmp_path):
    total = GOOD + len(ODD) + len(KINDS)
    runner = make_runner(folder, tmp_path, hook=dict(max_bad_fraction=2.5 / total))
    with pytest.raises(BadVideoError, match=rf'[3-9] of {total} training .*names them'):
        runner.train()


def test_nothing_but_bad_videos(folder, tmp_path):
    runner = make_runner(folder, tmp_path, train=('bad.txt',), hook=dict(max_tries=3))
    with pytest.raises(BadVideoError, match=r'3 videos one after the other .*mp4 \('):
        runner.train()


def test_validation_leaves_bad_videos_out_and_tells_the_coverage(folder, tmp_path):
    metrics = {}

    class Keep(Hook):
        def after_val_epoch(self, runner, metrics=None):
            found.update(metrics)

    found = metrics
    runner = make_runner(folder, tmp_path, train=('good.txt',), val='all.txt')
    runner.register_hook(Keep())
    runner.train()
    readable = GOOD + len(ODD)
    assert metrics['acc/coverage'] == pytest.approx(readable / (readable + len(KINDS)))
    assert {entry['split'] for entry in report(tmp_path)} == {'val'}


def test_testing_fails_and_names_the_file(folder, tmp_path):
    with pytest.raises(BadVideoError, match=r'\w+.mp4 cannot be read \('):
        make_runner(folder, tmp_path, test='all.txt').test()


def test_testing_without_bad_videos_scores_as_ever(folder, tmp_path):
    """What is left of a list with bad videos scores as a list without them."""
    scores = []
    for number, file in enumerate(['good.txt', 'all.txt']):
        runner = make_runner(
            folder, tmp_path / str(number), test=file, hook=dict(testing='skip')
        )
        torch.manual_seed(0)
        runner.model.init_weights()
        scores.append(runner.test())
    total = GOOD + len(ODD) + len(KINDS)
    assert scores[0]['acc/coverage'] == 1
    assert scores[1]['acc/coverage'] == pytest.approx(1 - len(KINDS) / total)
    for key in ('acc/top1', 'acc/mean1'):
        assert scores[0][key] == pytest.approx(scores[1][key])


def test_nothing_to_score(folder, tmp_path):
    runner = make_runner(folder, tmp_path, test='bad.txt', hook=dict(testing='skip'))
    with pytest.raises(BadVideoError, match='one after the other cannot be read'):
        runner.test()


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(max_bad_fraction=1.5), 'max_bad_fraction must be from 0 to 1, got 1.5'),
        (dict(max_tries=0), 'max_tries'),
        (dict(testing='ignore'), "testing must be one of .*got 'ignore'"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        BadVideoHook(**options)


def test_reasons_are_short():
    error = RuntimeError(
        '[10:00:00] /a/b.cc:1: [10:00:00] /a/c.cc:2: Check failed: x\nStack\n'
    )
    assert describe(error) == 'RuntimeError: Check failed: x'
    assert len(describe(ValueError('x' * 999))) == 200
    assert describe(KeyError()) == 'KeyError()'


def test_used_up_memory_is_no_bad_video():
    class Greedy:
        def get_data_info(self, index):
            return dict(frame_dir='nowhere')

        def prepare_data(self, index):
            raise MemoryError

    with pytest.raises(MemoryError):
        GuardedPreparation(Greedy(), replace=True, tries=3)(0)


def test_metrics_need_a_result_for_each_sample():
    class OfABatch(BaseMetric):
        def process(self, data_batch, data_samples):
            self.results.append(len(data_samples))

        def compute_metrics(self, results):
            return dict(sum=sum(results))

    metric = OfABatch()
    skip_bad_videos(metric)
    metric.process(None, [{}, {}])
    with pytest.raises(BadVideoError, match='OfABatch has no result for each sample'):
        metric.process(None, [{}, {BAD_VIDEOS: [BadVideo('a', 'x')]}])


@pytest.mark.integration
def test_two_processes_report_and_score_as_one(folder, tmp_path):
    """Each rank meets other bad videos, and their numbers of videos differ."""
    found = {}
    for processes in (1, 2):
        launch = ['torch.distributed.run', '--standalone', '--nproc_per_node', '2']
        script = str(Path(__file__).with_name('bad_video_run.py'))
        work_dir = tmp_path / str(processes)
        work_dir.mkdir()
        done = subprocess.run(
            [
                sys.executable,
                *(['-m', *launch] if processes == 2 else []),
                script,
                str(folder),
                str(work_dir),
            ],
            env={
                **os.environ,
                'PYTHONPATH': str(Path(__file__).parents[2]),
                'OMP_NUM_THREADS': '1',
            },
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        found[processes] = json.loads(done.stdout.splitlines()[-1])
        for split in ('train', 'test'):
            named = [Path(e['path']).stem for e in report(work_dir / split)]
            assert sorted(named) == sorted(KINDS)
    assert found[2]['metrics'] == pytest.approx(found[1]['metrics'])
    assert found[1]['metrics']['acc/coverage'] < 1
    assert all(not set(names) & set(KINDS) for names in found[2]['names'])
