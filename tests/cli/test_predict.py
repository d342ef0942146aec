"""`tpn-tsn predict`."""

import json
import signal

import cv2
import numpy as np
import pytest
import torch
from click.testing import CliRunner
from prediction_cases import HEAD, PACK, SEGMENTS, make_clip, make_config, save_model

from tpn_tsn_plugin.analysis.prediction.predictor import Predictor
from tpn_tsn_plugin.cli.main import cli
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp('predict')
    save_model(make_config(), path)
    make_clip(path / 'a.mp4')
    make_clip(path / 'b.mp4', seconds=2)
    (path / 'labels.txt').write_text('clap\nwave\njump\n')
    (path / 'four.txt').write_text('a\nb\nc\nd\n')
    (path / 'bad.mp4').write_bytes(b'no video')
    write_video(path / 'one.mp4', np.zeros((1, 32, 32, 3), np.uint8), 8)
    return path


@pytest.fixture
def run(folder, tmp_path, monkeypatch):
    """Run the command in an empty folder; names of inputs are put into theirs."""
    monkeypatch.chdir(tmp_path)

    def command(*words, config='tiny.py', checkpoint='tiny.pth'):
        inputs = {path.name for path in folder.iterdir()}
        named = [str(folder / word) if word in inputs else word for word in words]
        files = [str(folder / config), str(folder / checkpoint)]
        return CliRunner().invoke(cli, ['predict', *files, *map(str, named)])

    return command


def one_line(result):
    assert result.exit_code == 1, result.output
    (line,) = result.stderr.strip().splitlines()
    return line


def test_whole_videos(run, folder):
    result = run('a.mp4', 'b.mp4', '--labels', 'labels.txt', '--top', 2)
    assert result.exit_code == 0, result.output
    first, *scores, second, _, _ = result.stdout.splitlines()
    assert first == f'{folder}/a.mp4: 3.0 s at 8 fps, predicted whole'
    assert second.startswith(f'{folder}/b.mp4: 2.0 s')
    assert len(scores) == 2
    assert all(line.split()[-1] in ('clap', 'wave', 'jump') for line in scores)


def test_classes_without_names(run):
    assert '%  class 0' in run('a.mp4').stdout


def test_labels_are_compared_with_the_checkpoints(run, folder):
    saved = torch.load(folder / 'tiny.pth')
    saved['meta'] = dict(dataset_meta=dict(classes=('clap', 'wave', 'jump')))
    torch.save(saved, folder / 'named.pth')
    (folder / 'reversed.txt').write_text('jump\nwave\nclap\n')
    result = run('a.mp4', checkpoint='named.pth')
    assert {line.split()[-1] for line in result.stdout.splitlines()[1:]} == {
        'clap',
        'wave',
        'jump',
    }
    assert run('a.mp4', '--labels', 'labels.txt', checkpoint='named.pth').exit_code == 0
    line = one_line(run('a.mp4', '--labels', 'reversed.txt', checkpoint='named.pth'))
    assert "reversed.txt calls class 0 'jump', but the checkpoint was trained with" in (
        line
    )


def test_several_options_at_once_and_videos_behind_the_labels(run):
    changes = ['test_dataloader.batch_size=2', 'model.backbone.style=caffe']
    result = run('--labels', 'labels.txt', 'a.mp4', '--cfg-options', *changes)
    assert result.exit_code == 0, result.output
    assert 'clap' in result.stdout
    changes[1] = 'model.cls_head.num_classes=4'
    line = one_line(run('a.mp4', '--cfg-options', *changes))
    assert 'of another shape' in line
    result = run('a.mp4', '--cfg-options', *changes, 'b.mp4')
    assert result.exit_code == 2
    assert 'must be KEY=VALUE, got' in result.stderr


def test_all_outputs(run, tmp_path):
    # fmt: off
    result = run(
        'a.mp4', 'b.mp4', '--window', 1, '--json', 'out/a.json', '--video', 'out/v.mp4',
        '--timeline', 'out/t.png', '--labels', 'labels.txt',
    )
    # fmt: on
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / 'out').iterdir()}
    assert names == {'a.json', 'v_a.mp4', 'v_b.mp4', 't_a.png', 't_b.png'}
    content = json.loads((tmp_path / 'out' / 'a.json').read_text())
    assert content['classes'] == ['clap', 'wave', 'jump']
    assert [len(video['windows']) for video in content['videos']] == [3, 2]
    reader = cv2.VideoCapture(str(tmp_path / 'out' / 'v_a.mp4'))
    assert reader.get(cv2.CAP_PROP_FRAME_COUNT) == 24


def test_timeline_cuts_short_videos(run, tmp_path):
    result = run('a.mp4', '--timeline', 't.png')
    assert result.exit_code == 0, result.output
    assert '1 window of 3 s' in result.stdout
    assert cv2.imread('t.png').shape[1] == 1100


def test_bad_videos_are_named_and_the_others_go_on(run, folder):
    videos = ['bad.mp4', 'a.mp4', 'nowhere.mp4', 'one.mp4', folder, 'b.mp4']
    result = run(*videos, '--json', 'a.json', '--threads', 1)
    assert result.exit_code == 1
    assert result.stdout.count('predicted whole') == 2
    bad, missing, one, directory = result.stderr.splitlines()
    assert bad == f'Failed: {folder}/bad.mp4 cannot be opened, it may be damaged'
    assert missing == 'Failed: nowhere.mp4 does not exist'
    assert one.startswith(f'Failed: {folder}/one.mp4 has one frame only')
    assert directory == f'Failed: {folder} is a folder; give the videos in it'
    with open('a.json') as file:
        content = json.load(file)
    errors = [video.get('error') for video in content['videos']]
    assert [error is None for error in errors] == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_interrupted(run, monkeypatch, number):
    """What is finished is in the file, whatever stops the command."""
    predict = Predictor.predict
    handler = signal.getsignal(signal.SIGTERM)

    def stopped(self, path, report=None):
        if path.name == 'b.mp4':
            signal.raise_signal(number)
        return predict(self, path, report)

    monkeypatch.setattr(Predictor, 'predict', stopped)
    assert run('a.mp4', 'b.mp4', '--json', 'a.json').exit_code == 1
    with open('a.json') as file:
        (video,) = json.load(file)['videos']
    assert video['video'].endswith('a.mp4')
    assert signal.getsignal(signal.SIGTERM) == handler


def test_nothing_is_overwritten(run, folder, tmp_path):
    (tmp_path / 'a.json').write_text('precious')
    line = one_line(run('a.mp4', '--json', 'a.json'))
    assert line == ('Error: a.json exists; give another name, or --force to replace it')
    assert (tmp_path / 'a.json').read_text() == 'precious'
    assert run('a.mp4', '--json', 'a.json', '--force').exit_code == 0
    assert json.loads((tmp_path / 'a.json').read_text())['videos']
    before = (folder / 'a.mp4').read_bytes()
    line = one_line(run('a.mp4', '--video', 'a.mp4', '--force'))
    assert 'a.mp4 is read; give another name' in line
    assert (folder / 'a.mp4').read_bytes() == before


@pytest.mark.parametrize(
    ('words', 'files', 'message'),
    [
        (
            ['--labels', 'four.txt'],
            {},
            'four.txt has 4 names, but the classifier has 3 classes',
        ),
        (['--labels', 'no.txt'], {}, 'label map no.txt cannot be read'),
        (['--labels', 'verb=labels.txt'], {}, "label map of task 'verb'"),
        ([], {'checkpoint': 'no.pth'}, 'no.pth'),
        ([], {'checkpoint': 'labels.txt'}, 'labels.txt'),
        ([], {'config': 'no.py'}, 'no.py does not exist, or is no file'),
        (['--device', 'cuda:77'], {}, "device 'cuda:77' cannot be used"),
        (['--window', '0.01'], {}, '--window must be 0.12 seconds or more'),
        (['--cfg-options', 'model.cls_head.num_classes=4'], {}, 'of another shape'),
    ],
)
def test_one_line_where_it_fails(run, words, files, message):
    assert message in one_line(run('a.mp4', *words, **files))


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['--video', 'a.avi'], 'a.avi must end in .mp4'),
        (['--timeline', 'a.jpg'], 'a.jpg must end in .png'),
        (['--timeline', 'a.png', '--mode', 'whole'], '--timeline needs windows'),
        (['--window', '-1'], "'--window': must be seconds above 0, got -1"),
        (['--window', '0'], 'must be seconds above 0, got 0'),
        (['--window', 'inf'], 'must be seconds above 0, got inf'),
        (['--stride', 'nan'], "'--stride': must be seconds above 0, got nan"),
        (['--mode', 'whole', '--window', '2'], "got mode 'whole'"),
        (['--batch', '0'], '--batch'),
    ],
)
def test_wrong_use_exits_with_2(run, words, message):
    result = run('a.mp4', *words)
    assert result.exit_code == 2
    assert message in result.stderr


def test_several_labels_a_video(run, folder):
    config = make_config(head=dict(HEAD, multi_class=True))
    config.dump(folder / 'several.py')
    result = run('a.mp4', '--top', 1, '--threshold', 0, config='several.py')
    assert result.exit_code == 0, result.output
    assert result.stdout.count('%  * class') == 3


def test_optical_flow_that_the_config_reads_from_files(run, folder):
    steps = [
        dict(type='FindFrames'),
        dict(SEGMENTS, clip_len=2),
        dict(type='CheckedRawFrameDecode'),
        *PACK,
    ]
    dataset = dict(type='CheckedRawframeDataset', ann_file='a', modality='Flow')
    config = make_config(steps, channels=4, dataset=dataset)
    (folder / 'flow').mkdir(exist_ok=True)
    save_model(config, folder / 'flow')
    files = dict(config='flow/tiny.py', checkpoint='flow/tiny.pth')
    assert 'give --algorithm' in one_line(run('a.mp4', **files))
    result = run('a.mp4', '--algorithm', 'farneback', '--warped', **files)
    assert result.exit_code == 0, result.output


def test_help_has_examples():
    result = CliRunner().invoke(cli, ['predict', '--help'])
    assert result.exit_code == 0
    assert '    tpn-tsn predict CONFIG CHECKPOINT match.mp4 --window 2' in result.output
