"""`tpn-tsn make-demo-data`."""

import pytest
from click.testing import CliRunner

from tpn_tsn_plugin.cli.make_demo_data import make_demo_data
from tpn_tsn_plugin.datasets import CorrespondenceDemoDataset, TempoDemoDataset
from tpn_tsn_plugin.datasets.tempo_demo import TASKS
from tpn_tsn_plugin.errors import DemoDataError

SMALL = ['--train', '2', '--val', '1', '--test', '1', '--untrimmed', '1']
SMALL += ['--workers', '1']


@pytest.fixture
def command(tmp_path):
    def run(*arguments):
        whole = [str(tmp_path / 'tempo'), *SMALL, *arguments]
        return CliRunner().invoke(make_demo_data, whole)

    return run


def test_says_what_was_made_and_where(command, tmp_path):
    result = command()
    assert result.exit_code == 0, result.output
    assert 'Made in' in result.stdout
    assert 'train 2, val 1, test 1, untrimmed 1' in result.stdout
    assert str(tmp_path / 'tempo' / 'contact_sheet.png') in result.stdout
    assert (tmp_path / 'tempo' / 'contact_sheet.png').is_file()
    assert '5 made' in result.stderr


def test_second_run_finds_it_complete(command, tmp_path):
    command()
    before = (tmp_path / 'tempo' / 'manifest.json').stat().st_mtime_ns
    result = command()
    assert result.exit_code == 0
    assert result.stdout.startswith('Already complete:')
    assert result.stderr == ''
    assert (tmp_path / 'tempo' / 'manifest.json').stat().st_mtime_ns == before


def test_other_options_need_force(command):
    command()
    refused = command('--seed', '3')
    assert isinstance(refused.exception, DemoDataError)
    assert 'seed is 0, asked for 3' in str(refused.exception)
    remade = command('--seed', '3', '--force')
    assert remade.exit_code == 0
    assert command('--seed', '3').stdout.startswith('Already complete:')


def test_untrimmed_training_videos_are_an_option(command, tmp_path):
    result = command('--untrimmed-train', '1')
    assert 'untrimmed 1, untrimmed_train 1' in result.stdout
    assert 'untrimmed.txt, untrimmed_train.txt' in result.stdout
    assert (tmp_path / 'tempo' / 'untrimmed_train.txt').is_file()


def test_force_removes_the_optical_flow_of_the_old_videos(command, tmp_path):
    sizes = {'train': 2, 'val': 1, 'test': 1, 'untrimmed': 1}
    folder = tmp_path / 'tempo_optical_flow' / 'val'
    command()
    options = {'data_root': str(tmp_path / 'tempo'), 'split': 'val', 'modality': 'Flow'}
    TempoDemoDataset([], **options, num_videos=sizes, workers=1)
    command()
    assert folder.is_dir()
    command('--seed', '3', '--force')
    assert not folder.exists()
    TempoDemoDataset([], **options, num_videos=sizes, workers=1, seed=3)
    assert folder.is_dir()


def test_help_has_an_example_and_the_defaults():
    result = CliRunner().invoke(make_demo_data, ['--help'])
    assert result.exit_code == 0
    assert '    tpn-tsn make-demo-data\n' in result.output
    words = ' '.join(result.output.split())
    assert 'default: tempo 480, correspondence 960' in words
    assert 'default: tempo 48]' in words


def test_correspondence_task(tmp_path):
    whole = ['--task', 'correspondence', '--train', '2', '--val', '1', '--test', '0']
    folder = tmp_path / 'demo'
    result = CliRunner().invoke(make_demo_data, [str(folder), *whole])
    assert result.exit_code == 0, result.output
    assert 'train 2, val 1, test 0\n' in result.stdout
    assert (folder / 'contact_sheet.png').is_file()
    sizes = {'train': 2, 'val': 1, 'test': 0}
    assert len(CorrespondenceDemoDataset([], str(folder), num_videos=sizes)) == 2


@pytest.mark.parametrize('task', list(TASKS))
def test_each_task_has_its_folder(task, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sizes = ['--train', '1', '--val', '0', '--test', '0']
    sizes += ['--untrimmed', '0'] if task == 'tempo' else []
    result = CliRunner().invoke(make_demo_data, ['--task', task, *sizes])
    assert result.exit_code == 0, result.output
    assert (tmp_path / 'work_dirs' / 'demo_data' / task / 'train.txt').is_file()


def test_split_of_another_task_is_wrong_use(tmp_path):
    out = str(tmp_path / 'demo')
    wrong = [out, '--task', 'correspondence', '--untrimmed-train', '3']
    result = CliRunner().invoke(make_demo_data, wrong)
    assert result.exit_code == 2
    assert '--untrimmed-train is not for --task correspondence' in result.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize('wrong', [['--train', '-1'], ['--workers', '0'], ['--sead']])
def test_wrong_use_exits_with_2(command, wrong):
    assert command(*wrong).exit_code == 2
