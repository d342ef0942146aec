"""`tpn-tsn extract-flow`."""

import re

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from tpn_tsn_plugin.cli.extract_flow import extract_flow
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.errors import FrameFolderError, MissingVideoError


@pytest.fixture
def folder(tmp_path):
    texture = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    texture = cv2.GaussianBlur(texture, (0, 0), 2)
    for name in ('a', 'b'):
        frames = np.stack([texture[:48, i : i + 64] for i in range(4)])
        (tmp_path / 'videos' / name).mkdir(parents=True)
        write_video(tmp_path / 'videos' / name / 'clip.mp4', frames, 10)
    return tmp_path / 'videos'


@pytest.fixture
def command(folder, tmp_path, monkeypatch):
    """Runs the command with one process; with none of torchrun's variables."""
    for name in ('RANK', 'WORLD_SIZE', 'SLURM_PROCID', 'SLURM_NTASKS'):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, videos=folder):
        options = ['--algorithm', 'dis', '--workers', '1', *map(str, arguments)]
        whole = [str(videos), str(tmp_path / 'out'), *options]
        return CliRunner().invoke(extract_flow, whole)

    return run


def test_says_what_was_made_and_where(command, tmp_path):
    result = command()
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f'{tmp_path}/out:\n')
    assert 'extracted      2 videos, 6 fields\n' in result.stdout
    assert re.search(r'speed          [\d.]+ frames/s', result.stdout)
    assert 'already there  0 videos' in result.stdout
    assert 'Optical flow: 2 videos to extract' in result.stderr
    assert (tmp_path / 'out' / 'a' / 'clip' / 'flow_y_00003.jpg').is_file()


def test_second_run_finds_it_there(command):
    command()
    result = command()
    assert result.exit_code == 0
    assert 'extracted      0 videos, 0 fields\n' in result.stdout
    assert 'already there  2 videos' in result.stdout
    assert 'speed' not in result.stdout
    assert result.stderr == ''


def test_warped_fields_are_counted(command):
    result = command('--warped', '--frames', '--format', 'zip', '--names', 'x')
    assert result.exit_code == 0, result.output
    assert 'not warped     0 of 6 fields, where' in result.stdout


def test_other_options_need_force(command):
    command()
    refused = command('--bound', '10')
    assert isinstance(refused.exception, FrameFolderError)
    assert 'anew with --force' in str(refused.exception)
    forced = command('--bound', '10', '--force')
    assert forced.exit_code == 0
    assert 'extracted      2 videos' in forced.stdout


def test_failed_videos_are_listed(command, folder):
    (folder / 'bad.mp4').write_bytes(b'no video')
    result = command()
    assert result.exit_code == 1
    assert 'extracted      2 videos' in result.stdout
    assert 'failed         1 videos' in result.stdout
    line = f'Failed: bad: {folder}/bad.mp4 cannot be opened, it may be damaged'
    assert line in result.stderr.splitlines()


def test_labelled_list_gives_a_list_of_folders(command, folder, tmp_path):
    source = tmp_path / 'train.txt'
    source.write_text('b/clip.mp4 1\na/clip.mp4 0\n')
    result = command('--root', folder, videos=source)
    assert result.exit_code == 0, result.output
    path = tmp_path / 'out' / 'train_rawframes.txt'
    assert path.read_text() == 'b/clip 3 1\na/clip 3 0\n'
    assert f'list           {path} (2 lines)' in result.stdout


def test_list_without_labels_gives_none(command, folder, tmp_path):
    (tmp_path / 'all.txt').write_text('a/clip.mp4\n')
    assert command('--root', folder, videos=tmp_path / 'all.txt').exit_code == 0
    assert list((tmp_path / 'out').glob('*.txt')) == []


def test_shards_have_lists_of_their_own(command, folder, tmp_path, monkeypatch):
    (folder / 'train.txt').write_text('b/clip.mp4 1\na/clip.mp4 0\n')
    by_option = command('--shard', '1/2', videos=folder / 'train.txt')
    assert f'{tmp_path}/out, shard 1/2:' in by_option.stdout
    monkeypatch.setenv('SLURM_PROCID', '0')
    monkeypatch.setenv('SLURM_NTASKS', '2')
    by_slurm = command(videos=folder / 'train.txt')
    assert f'{tmp_path}/out, shard 0/2:' in by_slurm.stdout
    lists = {path.name: path.read_text() for path in (tmp_path / 'out').glob('*.txt')}
    assert lists == {
        'train_rawframes_0of2.txt': 'b/clip 3 1\n',
        'train_rawframes_1of2.txt': 'a/clip 3 0\n',
    }


def test_check_compares_and_writes_nothing(command, tmp_path):
    command('--bound', '8')
    before = sorted((tmp_path / 'out').rglob('*'))
    result = command('--check', '4')
    assert result.exit_code == 0, result.output
    rows = [line for line in result.stdout.splitlines() if 'clip' in line]
    assert len(rows) == 4
    assert re.fullmatch(r'\| a/clip \d \| [\d.]+ \| \d+ \| [\d.]+ \|', rows[0])
    assert 'no more than JPEG makes' in result.stdout
    assert sorted((tmp_path / 'out').rglob('*')) == before


def test_check_finds_what_differs(command, tmp_path):
    command()
    record = tmp_path / 'out' / 'a' / 'clip' / 'extraction.json'
    text = record.read_text()
    record.write_text(text.replace('"bound": 20.0', '"bound": 10.0'))
    result = command('--check', '6')
    assert result.exit_code == 1
    assert 'more than JPEG makes' in result.stderr


@pytest.mark.parametrize(
    'arguments',
    [
        ['--shard', '2/2'],
        ['--shard', 'half'],
        ['--algorithm', 'dsi'],
        ['--format', 'png'],
        ['--workers', '0'],
        ['--check', '0'],
    ],
)
def test_wrong_use_exits_with_2(command, arguments):
    assert command(*arguments).exit_code == 2


def test_folder_without_videos_is_one_line(command, tmp_path):
    (tmp_path / 'empty').mkdir()
    result = command(videos=tmp_path / 'empty')
    assert isinstance(result.exception, MissingVideoError)
    assert '\n' not in str(result.exception)


def test_help_has_examples():
    result = CliRunner().invoke(extract_flow, ['--help'])
    assert '    tpn-tsn extract-flow train.txt flow --root videos' in result.output


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--device', 'cuda'], "'dis' knows the CPU alone, got device='cuda'; take"),
        (['--device', 'gpu'], "device must be 'cpu' or 'cuda', got 'gpu'"),
        (
            ['--algorithm', 'tvl1_torch', '--device', 'cuda:99'],
            "PyTorch finds no 'cuda:99' here; take cpu",
        ),
    ],
)
def test_wrong_device_is_named_before_anything_is_made(
    command, tmp_path, options, message
):
    result = command(*options)
    assert message in str(result.exception)
    assert not (tmp_path / 'out').exists()
