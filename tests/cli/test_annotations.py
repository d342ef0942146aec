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
    assert 'Warning: 2 videos or frame folders are missing or dam' in result.stderr
    missing = (tmp_path / 'out' / 'missing.txt').read_text().splitlines()
    why = f'no such video below {videos}'
    assert missing == [f'{TEST[0]}\t{why}', f'Biking/v_Biking_g08_c01.avi\t{why}']
    train = tmp_path / 'out' / 'ucf101_train_split_1_videos.txt'
    assert train.read_text() == 'Archery/v_Archery_g08_c01.avi 0\n'
    # a later run with all videos leaves no old report
    (videos / TEST[0]).touch()
    (videos / 'Biking' / 'v_Biking_g08_c01.avi').touch()
    assert command('ucf101', splits, '--videos', videos).exit_code == 0
    assert 'missing.txt' not in written(tmp_path)


def test_old_list_is_kept_where_nothing_is_found(command, splits, videos, tmp_path):
    assert command('ucf101', splits, '--videos', videos).exit_code == 0
    old = tmp_path / 'out' / 'ucf101_val_split_1_videos.txt'
    (videos / TEST[0]).unlink()
    result = command('ucf101', splits, '--videos', videos)
    assert old.read_text() == 'Archery/v_Archery_g01_c01.avi 0\n'
    assert '0 lines' not in result.stdout
    assert (
        f'{old.name} is not written: nothing of it can be used, see missing.txt; the '
        'file of an earlier run is kept'
    ) in result.stderr


def test_list_of_nothing_is_not_written(command, tmp_path):
    path = tmp_path / 'anet.json'
    video = dict(subset='training', duration=2, annotations=[])
    action = dict(label='a', segment=[0, 1])
    videos = dict(x=video, y=dict(video, annotations=[action]))
    path.write_text(json.dumps(dict(database=videos)))
    result = command('activitynet', path)
    assert result.exit_code == 0, result.output
    assert 'activitynet_val_list_videos.txt is not written: the spl' in result.stderr
    assert 'activitynet_val_list_videos.txt' not in written(tmp_path)


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


def test_damaged_optical_flow_is_reported(command, splits, tmp_path):
    for line in (*TRAIN, *TEST):
        folder = tmp_path / 'rawframes' / line.split()[0].removesuffix('.avi')
        folder.mkdir(parents=True)
        for name in ('img_{}.jpg', 'flow_x_{}.jpg', 'flow_y_{}.jpg'):
            for frame in range(1, 6):
                (folder / name.format(f'{frame:05}')).touch()
    (folder / 'flow_y_00004.jpg').unlink()
    result = command('ucf101', splits, '--rawframes', tmp_path / 'rawframes')
    assert result.exit_code == 0
    path, why = (tmp_path / 'out' / 'missing.txt').read_text().strip().split('\t')
    assert path == TEST[0].removesuffix('.avi')
    assert '1 of 10 files of the optical flow' in why
    assert 'are missing: flow_y_00004.jpg; extract them again' in why
    assert f'are missing or damaged: {path} ({why})' in result.stderr


EPIC = [
    ('P01_01_0', 'P01_01', 1, 5),
    ('P01_01_1', 'P01_01', 3, 7),
    ('P01_02_0', 'P01_02', 1, 2),
    ('P01_02_1', 'P01_02', 2, 4),
]


@pytest.fixture
def epic(tmp_path):
    folder = tmp_path / 'epic'
    folder.mkdir()
    names = 'narration_id,video_id,start_frame,stop_frame,participant_id,verb_class'
    lines = [f'{names},noun_class,start_timestamp,stop_timestamp']
    for row in EPIC:
        lines.append(','.join([*map(str, row), 'P01,0,0,00:00:00.00,00:00:01.00']))
    (folder / 'EPIC_100_train.csv').write_text('\n'.join(lines))
    frames = tmp_path / 'rawframes' / 'P01' / 'P01_01'
    frames.mkdir(parents=True)
    for number in range(1, 7):
        (frames / f'frame_{number:010}.jpg').touch()
    return folder


def test_actions_are_counted_apart_from_folders(command, epic, tmp_path):
    result = command('epic', epic, '--rawframes', tmp_path / 'rawframes')
    assert result.exit_code == 0, result.output
    why = f'no such folder below {tmp_path / "rawframes"}'
    # lists of verbs and of nouns leave out the same actions
    assert (
        'Warning: 1 videos or frame folders are missing or damaged: P01/P01_02 '
        f'({why}); 3 actions have no frames: P01_01_1, '
        'P01_02_0, P01_02_1 (action P01_01_1 ends at frame 7, but the folder holds 6); '
        'left out of the lists'
    ) in result.stderr
    assert (tmp_path / 'out' / 'missing.txt').read_text().splitlines() == [
        'P01/P01_01\taction P01_01_1 ends at frame 7, but the folder holds 6',
        f'P01/P01_02\t{why}',
    ]
    verbs = tmp_path / 'out' / 'epic100_train_verb_list_rawframes.txt'
    assert verbs.read_text() == 'P01/P01_01 0 5 0\n'


def test_action_beyond_the_last_frame_is_no_missing_folder(command, epic, tmp_path):
    (tmp_path / 'rawframes' / 'P01' / 'P01_02').mkdir()
    for number in range(1, 5):
        (tmp_path / 'rawframes' / 'P01' / 'P01_02' / f'img_{number:05}.jpg').touch()
    result = command('epic', epic, '--rawframes', tmp_path / 'rawframes')
    assert 'Warning: 1 actions have no frames: P01_01_1 (' in result.stderr
    assert 'frame folders are missing' not in result.stderr


def test_lists_of_actions_need_no_videos(command, epic, tmp_path):
    (tmp_path / 'videos' / 'P01').mkdir(parents=True)
    (tmp_path / 'videos' / 'P01' / 'P01_01.MP4').touch()
    result = command('epic', epic, '--videos', tmp_path / 'videos')
    assert '); the lists name them all the same, all are in ' in result.stderr
    verbs = tmp_path / 'out' / 'epic100_train_verb_list_rawframes.txt'
    assert len(verbs.read_text().splitlines()) == 4


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
