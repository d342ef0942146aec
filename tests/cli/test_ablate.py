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
    experiment.work_dir.mkdir(exist_ok=True)
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
    results = json.loads((out / 'results.json').read_text())
    assert (results['family'], results['seeds']) == ('family', [0, 1])
    first, _ = results['cells']
    assert (first['row'], first['column']) == ('plain', 'mAP')
    assert [r['test']['acc/mean_ap'] for r in first['runs']] == [0.25, 0.75]


@pytest.fixture
def made(family, monkeypatch, tmp_path):
    """Folder with a table of two seeds; nothing is run any more."""
    with monkeypatch.context() as patch:
        patch.setattr(family_run, 'run_experiment', run)
        arguments = ['ablate', family, '--seeds', '0,1', '--out', 'out']
        assert CliRunner().invoke(cli, arguments).exit_code == 0
    monkeypatch.setattr(family_run, 'run_experiment', pytest.fail)
    return tmp_path / 'out'


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['family.py', '--seeds', '1,2'], 'has seeds that this run does not have: 0;'),
        (['other.py', '--seeds', '0,1'], "is of the family 'family', not 'other';"),
        (['family.py', '--seeds', '0,1'], "does not have: ('tested', 'mAP');"),
    ],
    ids=['seeds', 'family', 'cells'],
)
def test_a_table_that_says_more_is_not_replaced(
    made, tmp_path, monkeypatch, arguments, message
):
    if 'tested' in message:
        changed = FAMILY.replace("row='tested'", "row='retested'")
        (tmp_path / 'family.py').write_text(changed)
    (tmp_path / 'other.py').write_text(FAMILY)
    before = {path: path.read_bytes() for path in made.glob('*.[mj]*')}
    assert {path.name for path in before} == {'table.md', 'results.json'}
    command = ['ablate', *arguments, '--out', 'out']
    result = CliRunner().invoke(cli, command)
    assert result.exit_code == 1
    assert message in result.stderr
    assert 'another folder with --out, or give --force to replace' in result.stderr
    assert result.stderr.count('\n') == 1
    assert {path: path.read_bytes() for path in before} == before

    monkeypatch.setattr(family_run, 'run_experiment', run)
    result = CliRunner().invoke(cli, [*command, '--force'])
    assert result.exit_code == 0, result.output
    results = made / 'results.json'
    assert results.read_bytes() != before[results]


def test_more_seeds_replace_a_table(made, monkeypatch):
    monkeypatch.setattr(family_run, 'run_experiment', run)
    arguments = ['ablate', 'family.py', '--seeds', '2,1,0', '--out', 'out']
    result = CliRunner().invoke(cli, arguments)
    assert result.exit_code == 0, result.output
    assert 'seeds 2, 1, 0' in (made / 'table.md').read_text()
    assert json.loads((made / 'results.json').read_text())['seeds'] == [2, 1, 0]


@pytest.mark.parametrize(
    'content',
    [None, '[]', '{"family": "family"}', '[' * 100_000, '\xff', '{"seeds": 1}'],
)
def test_files_of_unknown_origin_are_not_replaced(made, content):
    (made / 'results.json').unlink()
    if content is not None:
        (made / 'results.json').write_text(content, encoding='latin-1')
    result = CliRunner().invoke(cli, ['ablate', 'family.py', '--out', 'out'])
    assert result.exit_code == 1
    name = 'table.md' if content is None else 'results.json'
    assert f'{name} is there, and nothing says of which family' in result.stderr


def test_what_another_has_written_meanwhile_is_kept(family, monkeypatch, tmp_path):
    def slow(experiment, progress):
        (tmp_path / 'out/results.json').write_text('[]')
        return run(experiment, progress)

    monkeypatch.setattr(family_run, 'run_experiment', slow)
    result = CliRunner().invoke(cli, ['ablate', family, '--out', 'out'])
    assert result.exit_code == 1
    # nothing is lost: the table is shown
    assert '| tested |' in result.stdout
    assert (tmp_path / 'out/results.json').read_text() == '[]'


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
