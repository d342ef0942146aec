"""Families of experiments: what is read, in which order things run, the table."""

import re
import threading
import time

import pytest

from tpn_tsn_plugin.analysis.experiments import family_run, slots
from tpn_tsn_plugin.analysis.experiments.family import read_family
from tpn_tsn_plugin.analysis.experiments.family_run import run_family
from tpn_tsn_plugin.analysis.experiments.family_table import difference_table, table
from tpn_tsn_plugin.analysis.experiments.shared_work import BusyError
from tpn_tsn_plugin.errors import ExperimentError

FAMILY = """
title = 'What varies'
metric = 'acc/top1'
sources = dict(rgb=dict(config='a.py', options=['x=1']))
cells = [
    dict(row='plain', column='K = 1', config='a.py'),
    dict(row='plain', column='K = 3', config='a.py', options=['k=3']),
    dict(row='started', column='K = 3', config='b.py', options=['from={rgb}', 'k=3']),
    dict(row='tested', column='K = 1', config='b.py', checkpoint='rgb'),
]
"""


@pytest.fixture
def write(tmp_path):
    for name in ('a.py', 'b.py'):
        (tmp_path / name).write_text('model = dict()\n')

    def write_family(text=FAMILY):
        path = tmp_path / 'family.py'
        path.write_text(text)
        return path

    return write_family


@pytest.fixture
def ran(monkeypatch):
    """Experiments that were run, in order; each leaves a checkpoint and a result."""
    ran = []

    def run(experiment, progress):
        progress(0, 1, None)
        ran.append(experiment)
        experiment.work_dir.mkdir()
        checkpoint = experiment.work_dir / 'epoch_1.pth'
        checkpoint.touch()
        (experiment.work_dir / 'last_checkpoint').write_text(str(checkpoint))
        return dict(
            seed=experiment.seed,
            test={'acc/top1': 0.5 + 0.1 * experiment.seed},
            parameters=2_500_000 if 'k=3' in experiment.options else 1_234_567,
        )

    monkeypatch.setattr(family_run, 'run_experiment', run)
    return ran


def test_sources_come_first_and_lend_their_checkpoint(write, ran, tmp_path):
    family = read_family(write())
    run_family(family, tmp_path / 'out', [0, 1])
    assert [e.name for e in ran[:2]] == ['rgb_seed0', 'rgb_seed1']
    assert ran[0].options == ('x=1',)
    by_name = {experiment.name: experiment for experiment in ran}
    assert len(by_name) == 2 * 5
    checkpoint = tmp_path / 'out' / 'rgb_seed1' / 'epoch_1.pth'
    started = by_name['started-k-3_seed1']
    assert started.options == (f'from={checkpoint}', 'k=3')
    assert started.checkpoint is None
    # what the source has become is part of the result's identity
    assert started.inputs == (checkpoint,)
    assert by_name['plain-k-1_seed1'].inputs == ()
    assert by_name['tested-k-1_seed1'].checkpoint == checkpoint
    assert started.config == tmp_path / 'b.py'


def test_table(write, ran, tmp_path):
    family = read_family(write())
    told = []
    results = run_family(
        family, tmp_path / 'out', [0, 1], jobs=3, finished=lambda *f: told.append(f[:2])
    )
    assert table(family, results).splitlines() == [
        '| | K = 1 | K = 3 |',
        '|---|---|---|',
        '| plain | 55.0 ± 7.1 | 55.0 ± 7.1 |',
        '| started |  | 55.0 ± 7.1 |',
        '| tested | 55.0 ± 7.1 |  |',
    ]
    assert len(told) == 10
    for runs in results.values():
        assert [run['seed'] for run in runs] == [0, 1]
    assert set(told[:2]) == {('rgb', 0), ('rgb', 1)}


def test_table_with_parameters(write, ran, tmp_path):
    family = read_family(write(FAMILY + 'parameters = True\n'))
    lines = table(family, run_family(family, tmp_path / 'out', [0])).splitlines()
    assert lines[0] == '| | K = 1 | K = 3 | parameters |'
    assert [line.split(' | ')[-1] for line in lines[2:]] == [
        '1.23 M, 2.50 M |',
        '2.50 M |',
        '1.23 M |',
    ]


def test_published_figures_stand_beside(write, ran, tmp_path):
    text = FAMILY.replace(
        "column='K = 3', config='a.py'", "column='K = 3', config='a.py', published=76.1"
    )
    text = text.replace('sources', "paper = 'Table 6, K400'\nsources")
    family = read_family(write(text))
    lines = table(family, run_family(family, tmp_path / 'out', [0])).splitlines()
    assert lines[0] == '| | K = 1 | K = 3 | K = 3, Table 6, K400 |'
    assert lines[2:] == [
        '| plain | 50.0 | 50.0 | 76.1 |',
        '| started |  | 50.0 |  |',
        '| tested | 50.0 |  |  |',
    ]


def test_differences_are_paired_by_seed(write, ran, monkeypatch, tmp_path):
    plain = family_run.run_experiment

    def run(experiment, progress):
        result = plain(experiment, progress)
        gains = {'started': [0.01, 0.02, 0.06], 'tested': [0.05] * 3}
        gain = gains.get(experiment.label.split('-')[0], [0] * 3)[experiment.seed]
        result['test']['acc/top1'] += gain
        return result

    monkeypatch.setattr(family_run, 'run_experiment', run)
    family = read_family(write(FAMILY + "baseline = 'plain'\n"))
    results = run_family(family, tmp_path / 'out', [0, 1, 2])
    # Student's t with two degrees of freedom: 4.303 at 95 %, spread of 1, 2, 6: 2.6458;
    # p of t = 3 / (2.6458 / sqrt(3)) = 1.964 is 0.188.
    assert difference_table(family, results).splitlines() == [
        '| | K = 1 | K = 3 |',
        '|---|---|---|',
        '| started |  | +3.0 (-3.6 to +9.6), p = 0.188 |',
        '| tested | +5.0 |  |',
    ]
    one_seed = {cell: runs[:1] for cell, runs in results.items()}
    assert difference_table(family, one_seed) is None
    assert difference_table(read_family(write()), results) is None


def test_two_processes_share_a_family(write, ran, tmp_path):
    """Every experiment is begun once; both processes have all results."""
    family, results = read_family(write()), [None, None]
    begun = family_run.run_experiment

    def run_once(experiment, progress):
        if experiment.work_dir.exists():
            return dict(seed=experiment.seed, test={'acc/top1': 0.5}, parameters=1)
        time.sleep(0.02)
        return begun(experiment, progress)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(family_run, 'run_experiment', run_once)

        def process(i):
            results[i] = run_family(family, tmp_path / 'out', [0, 1])

        threads = [threading.Thread(target=process, args=(i,)) for i in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    names = [experiment.name for experiment in ran]
    assert len(names) == len(set(names)) == 10
    for own in results:
        assert {cell.label for cell in own} == {cell.label for cell in family.cells}
        assert all(len(runs) == 2 for runs in own.values())


def test_a_source_without_checkpoint_is_not_passed_over(write, ran, tmp_path):
    family = read_family(write())
    run_family(family, tmp_path / 'out', [0])
    (tmp_path / 'out' / 'rgb_seed0' / 'epoch_1.pth').unlink()
    for cell in family.cells[2:]:
        with pytest.raises(ExperimentError, match='rgb_seed0 has its result, but no'):
            family_run._prepare(cell, 0, family, tmp_path / 'out')


def test_a_metric_that_is_not_measured_is_found_at_once(write, ran, tmp_path):
    family = read_family(write(FAMILY.replace('acc/top1', 'acc/mean_ap')))
    with pytest.raises(
        ExperimentError, match=r"gave \['acc/top1'\], not 'acc/mean_ap'"
    ):
        run_family(family, tmp_path / 'out', [0])
    assert len(ran) == 1


def test_a_failure_stops_what_has_not_begun(write, monkeypatch, tmp_path):
    started = []

    def run(experiment, progress):
        started.append(experiment.name)
        raise ExperimentError('no luck')

    monkeypatch.setattr(family_run, 'run_experiment', run)
    with pytest.raises(ExperimentError, match='no luck'):
        run_family(read_family(write()), tmp_path / 'out', range(20))
    assert len(started) < 20


def test_what_runs_beside_a_failure_is_stopped(write, monkeypatch, tmp_path):
    stopped = []

    def run(experiment, progress):
        if experiment.seed == 0:
            raise ExperimentError('no luck')
        try:
            while True:
                progress(0, 1, None)
        except ExperimentError as error:
            stopped.append(str(error))
            raise

    monkeypatch.setattr(family_run, 'run_experiment', run)
    with pytest.raises(ExperimentError, match='no luck'):
        run_family(read_family(write()), tmp_path / 'out', [1, 0], jobs=2)
    assert stopped == ['stopped']


def test_what_needs_no_busy_source_is_done(write, ran, monkeypatch, tmp_path):
    begun = family_run.run_experiment

    def run(experiment, progress):
        if experiment.name == 'rgb_seed0':
            raise BusyError('rgb_seed0 is still at work')
        return begun(experiment, progress)

    monkeypatch.setattr(family_run, 'run_experiment', run)
    with pytest.raises(BusyError, match='rgb_seed0 is still at work'):
        run_family(read_family(write()), tmp_path / 'out', [0, 1])
    names = {f'{label}_seed1' for label in ('rgb', 'started-k-3', 'tested-k-1')}
    names |= {f'plain-k-{k}_seed{seed}' for k in (1, 3) for seed in (0, 1)}
    assert {experiment.name for experiment in ran} == names


def test_threads_are_shared(write, ran, tmp_path, monkeypatch):
    monkeypatch.setattr(slots.os, 'sched_getaffinity', lambda _: range(8))
    run_family(read_family(write()), tmp_path / 'out', [0], jobs=3)
    assert {experiment.threads for experiment in ran} == {2}


@pytest.mark.parametrize(
    ('old', 'new', 'message'),
    [
        ('title', 'name', 'a family needs title and cells'),
        ('cells', 'rows', 'a family needs title and cells'),
        ("column='K = 1', config", "column='K = 1', konfig", "has 'konfig'; known are"),
        ("config='b.py'", "config='c.py'", 'c.py of started-k-3 does not exist'),
        ('title', "baseline = 'none'\ntitle", "baseline must be one of ['plain', 's"),
        ('{rgb}', '{depth}', "asks for source 'depth'; there are ['rgb']"),
        ("checkpoint='rgb'", "checkpoint='x'", "asks for source 'x'; there are"),
        ("row='tested'", "row='plain'", 'plain, K = 1 stands there twice'),
        ("column='K = 1', config='a.py'", "config='a.py'", "lacks 'column'"),
        ("dict(config='a.py', options=['x=1'])", 'dict()', "rgb lacks 'config'"),
        (
            "row='tested', column='K = 1'",
            "row='rgb', column=''",
            "stands there twice, or has the name of a source; files are called 'rgb'",
        ),
    ],
)
def test_faulty_families_are_refused(write, old, new, message):
    assert old in FAMILY
    with pytest.raises(ValueError, match=re.escape(message)):
        read_family(write(FAMILY.replace(old, new)))
