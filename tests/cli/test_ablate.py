"""`tpn-tsn ablate`: what is shown, written and refused."""

import json

import pytest
from click.testing import CliRunner

from tpn_tsn_plugin.analysis.experiments import family_run
from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.errors import ExperimentError

FAMILY = """
title = 'What varies'
metric = 'acc/mean_ap'
sources = dict(rgb=dict(config='a.py', metric='acc/top1'))
cells = [
    dict(row='plain', column='mAP', config='a.py'),
    dict(row='tested', column='mAP', config='a.py', checkpoint='rgb'),
]
"""


@pytest.fixture
def family(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'a.py').write_text('model = dict()\n')
    (tmp_path / 'family.py').write_text(FAMILY)
    return 'family.py'


def run(experiment, progress):
    # what validation of each config measures
    name = 'acc/top1' if experiment.label == 'rgb' else 'acc/mean_ap'
    assert experiment.metric == name
    checkpoint = experiment.folder / f'{experiment.name}.pth'
    checkpoint.touch()
    experiment.work_dir.mkdir()
    (experiment.work_dir / 'last_checkpoint').write_text(str(checkpoint))
    return dict(test={name: 0.25 + 0.5 * experiment.seed})


def test_table_and_files(family, monkeypatch, tmp_path):
    monkeypatch.setattr(family_run, 'run_experiment', run)
    result = CliRunner().invoke(cli, ['ablate', family, '--seeds', '0,1'])
    assert result.exit_code == 0, result.output
    table = [
        'What varies, acc/mean_ap, %, seeds 0, 1',
        '',
        '| | mAP |',
        '|---|---|',
        '| plain | 50.0 ± 35.4 |',
        '| tested | 50.0 ± 35.4 |',
    ]
    out = tmp_path / 'work_dirs/ablations/family'
    assert (out / 'table.md').read_text().splitlines() == table
    assert '\n'.join(table) in result.stdout
    assert ' rgb, seed 0: 25.0 %' in result.stderr
    assert '6/6 ' in result.stderr
    first, _ = json.loads((out / 'results.json').read_text())
    assert (first['row'], first['column']) == ('plain', 'mAP')
    assert [r['test']['acc/mean_ap'] for r in first['runs']] == [0.25, 0.75]


def test_failure_is_one_line(family, monkeypatch):
    def fail(experiment, progress):
        raise ExperimentError('training of rgb_seed0 failed: no luck')

    monkeypatch.setattr(family_run, 'run_experiment', fail)
    result = CliRunner().invoke(cli, ['ablate', family])
    assert result.exit_code == 1
    assert result.stderr == 'Error: training of rgb_seed0 failed: no luck\n'


def test_faulty_family_is_one_line(family, tmp_path):
    (tmp_path / family).write_text(FAMILY.replace("config='a.py'", "config='b.py'"))
    result = CliRunner().invoke(cli, ['ablate', family])
    assert result.exit_code == 1
    assert result.stderr == 'Error: family.py: config b.py of rgb does not exist\n'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['nothing.py'], "'nothing.py' does not exist"),
        (['family.py', '--jobs', '0'], '0 is not in the range'),
        (['family.py', '--seeds', 'a'], 'must be whole numbers like 0,1,2'),
        (['family.py', '--seeds', '0,1,0'], "must be different numbers, got '0,1,0'"),
    ],
)
def test_wrong_use(family, arguments, message):
    result = CliRunner().invoke(cli, ['ablate', *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
