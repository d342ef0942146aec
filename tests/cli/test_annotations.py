"""`tpn-tsn annotations`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from mmaction.datasets import RawframeDataset, VideoDataset

from tpn_tsn_plugin.cli.annotations import annotations
from tpn_tsn_plugin.datasets.annotations import READERS
from tpn_tsn_plugin.errors import AnnotationError, MissingVideoError

TRAIN = ['Archery/v_Archery_g08_c01.avi 1', 'Biking/v_Biking_g08_c01.avi 2']
TEST = ['Archery/v_Archery_g01_c01.avi']


@pytest.fixture
def splits(tmp_path):
    folder = tmp_path / 'ucfTrainTestlist'
    folder.mkdir()
    (folder / 'classInd.txt').write_text('1 Archery\n2 Biking\n')
    (folder / 'trainlist01.txt').write_text('\n'.join(TRAIN))
    (folder / 'testlist01.txt').write_text('\n'.join(TEST))
    return folder


@pytest.fixture
def videos(tmp_path):
    for line in (*TRAIN, *TEST):
        path = tmp_path / 'videos' / line.split()[0]
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path / 'videos'


@pytest.fixture
def command(tmp_path):
    def run(*arguments):
        whole = [*map(str, arguments), '--out', str(tmp_path / 'out')]
        return CliRunner().invoke(annotations, whole)

    return run


def written(tmp_path):
    """All files in the folder that is written to, hidden ones included."""
    return sorted(path.name for path in (tmp_path / 'out').glob('*'))


def test_lists_as_mmaction2_reads_them(command, splits, videos, tmp_path):
    result = command('ucf101', splits, '--videos', videos)
    assert result.exit_code == 0, result.output
    names = ['ucf101_train_split_1_videos.txt', 'ucf101_val_split_1_videos.txt']
    assert written(tmp_path) == ['classes.txt', *names]
    assert (tmp_path / 'out' / 'classes.txt').read_text() == 'Archery\nBiking\n'
    dataset = VideoDataset(
        str(tmp_path / 'out' / names[0]), [], data_prefix=dict(video=str(videos))
    )
    samples = [dataset[i] for i in range(2)]
    assert [s['label'] for s in samples] == [0, 1]
    assert all(Path(s['filename']).is_file() for s in samples)
    assert 'ucf101_train_split_1_videos.txt: 2 lines' in result.stdout
    assert 'classes.txt: 2 classes' in result.stdout
    assert 'has no trainlist02.txt, testlist02.txt' in result.stderr
    assert 'Warning' not in result.stderr


def test_missing_videos_are_left_out_and_named(command, splits, videos, tmp_path):
    (videos / TEST[0]).unlink()
    (videos / 'Biking' / 'v_Biking_g08_c01.avi').unlink()
    result = command('ucf101', splits, '--videos', videos)
    assert result.exit_code == 0
    assert 'Warning: 2 videos or frame folders are missing: ' in result.stderr
    missing = (tmp_path / 'out' / 'missing.txt').read_text().splitlines()
    assert missing == [TEST[0], 'Biking/v_Biking_g08_c01.avi']
    train = tmp_path / 'out' / 'ucf101_train_split_1_videos.txt'
    assert train.read_text() == 'Archery/v_Archery_g08_c01.avi 0\n'
    # a later run with all videos leaves no old report
    (videos / TEST[0]).touch()
    (videos / 'Biking' / 'v_Biking_g08_c01.avi').touch()
    assert command('ucf101', splits, '--videos', videos).exit_code == 0
    assert 'missing.txt' not in written(tmp_path)


def test_strict_writes_no_list(command, splits, videos, tmp_path):
    (videos / TEST[0]).unlink()
    result = command('ucf101', splits, '--videos', videos, '--strict')
    assert result.exit_code == 1
    assert isinstance(result.exception, MissingVideoError)
    assert str(result.exception).startswith('1 videos or frame folders are missing')
    assert written(tmp_path) == ['missing.txt']


def test_wrong_folder_of_videos(command, splits, tmp_path):
    (tmp_path / 'elsewhere').mkdir()
    result = command('ucf101', splits, '--videos', tmp_path / 'elsewhere')
    assert isinstance(result.exception, MissingVideoError)
    message = str(result.exception)
    assert message.startswith('nothing of ucf101 is there: 3 videos')
    assert message.endswith('check --videos and --rawframes')
    assert written(tmp_path) == []


def test_frames_as_mmaction2_reads_them(command, splits, tmp_path):
    for number, line in enumerate((*TRAIN, *TEST), 3):
        folder = tmp_path / 'rawframes' / line.split()[0].removesuffix('.avi')
        folder.mkdir(parents=True)
        for frame in range(1, number + 1):
            (folder / f'img_{frame:05}.jpg').touch()
    result = command('ucf101', splits, '--rawframes', tmp_path / 'rawframes')
    assert result.exit_code == 0, result.output
    name = 'ucf101_train_split_1_rawframes.txt'
    assert 'ucf101_train_split_1_videos.txt' not in written(tmp_path)
    dataset = RawframeDataset(str(tmp_path / 'out' / name), [])
    samples = [dataset[i] for i in range(2)]
    assert [(s['total_frames'], s['label']) for s in samples] == [(3, 0), (4, 1)]


def test_several_labels_as_mmaction2_reads_them(command, tmp_path):
    actions = [dict(label=name, segment=[0, 1]) for name in ('b', 'a', 'b')]
    database = {
        name: dict(subset=subset, duration=2, annotations=labels)
        for name, subset, labels in [
            ('x', 'training', actions),
            ('y', 'training', []),
            ('z', 'validation', actions[:1]),
        ]
    }
    path = tmp_path / 'anet.json'
    path.write_text(json.dumps(dict(database=database)))
    result = command('activitynet', path)
    assert result.exit_code == 0, result.output
    train = tmp_path / 'out' / 'activitynet_train_list_videos.txt'
    assert train.read_text() == 'v_x.mp4 0 1\nv_y.mp4\n'
    dataset = VideoDataset(str(train), [], multi_class=True, num_classes=2)
    assert [dataset[i]['label'].tolist() for i in range(2)] == [[1, 1], [0, 0]]


def test_file_of_another_data_set_is_one_line(command, splits, tmp_path):
    (splits / 'trainlist01.txt').write_text('a_wave_f.avi 1 \n')
    result = command('ucf101', splits)
    assert isinstance(result.exception, AnnotationError)
    assert 'expected a UCF101 list' in str(result.exception)
    assert 'found an HMDB51 split file' in str(result.exception)
    assert written(tmp_path) == []


@pytest.mark.parametrize('dataset', sorted(READERS))
def test_empty_folder_is_one_line(command, dataset, tmp_path):
    (tmp_path / 'empty').mkdir()
    result = command(dataset, tmp_path / 'empty')
    assert isinstance(result.exception, AnnotationError)
    message = str(result.exception)
    assert 'found nothing in it; give the data' in message
    assert '\n' not in message


@pytest.mark.parametrize(
    'arguments', [[], ['ucf101'], ['ucf102', '.'], ['ucf101', 'no such folder']]
)
def test_wrong_use_exits_with_2(command, arguments):
    assert command(*arguments).exit_code == 2


def test_help_has_an_example():
    result = CliRunner().invoke(annotations, ['--help'])
    assert '    tpn-tsn annotations ucf101 ucfTrainTestlist --videos' in result.output
