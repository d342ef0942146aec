"""`tpn-tsn show-flow`."""

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from tpn_tsn_plugin.cli.show_flow import show_flow
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.errors import PluginError


@pytest.fixture
def command(tmp_path, monkeypatch):
    texture = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    texture = cv2.GaussianBlur(texture, (0, 0), 2)
    frames = np.stack([texture[:48, i : i + 64] for i in range(9)])
    write_video(tmp_path / 'clip.mp4', frames, 10)
    monkeypatch.chdir(tmp_path)

    def run(*arguments, video='clip.mp4'):
        return CliRunner().invoke(show_flow, [video, *map(str, arguments)])

    return run


def test_picture_beside_where_one_is(command, tmp_path):
    result = command()
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith('clip_flow.png: 6 frames of clip.mp4, colours up')
    picture = cv2.imread(str(tmp_path / 'clip_flow.png'))
    assert picture.shape[1] > 6 * 256
    assert picture.shape[0] > 3 * 192


def test_number_of_frames_and_place(command, tmp_path):
    result = command('--frames', 2, '--out', 'new/two.png', '--algorithm', 'farneback')
    assert result.exit_code == 0, result.output
    picture = cv2.imread(str(tmp_path / 'new' / 'two.png'))
    assert 2 * 256 < picture.shape[1] < 4 * 256


def test_video(command, tmp_path):
    result = command('--out', 'motion.mp4', '--frames', 5, '--start', 0.2)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith('motion.mp4: 5 frames of clip.mp4')
    reader = cv2.VideoCapture(str(tmp_path / 'motion.mp4'))
    assert reader.get(cv2.CAP_PROP_FRAME_COUNT) == 5
    assert reader.get(cv2.CAP_PROP_FPS) == 10
    _, picture = reader.read()
    # The frame, and beside it what moves: to the left, which is cyan.
    blue, green, red = picture[98 + 120, 16 + 326 + 160]
    assert min(blue, green) > red + 20


def test_real_clip(command, media_dir):
    clip = str(media_dir / 'arm_wrestling.mp4')
    result = command('--frames', 2, video=clip)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f'arm_wrestling_flow.png: 2 frames of {clip}')


@pytest.mark.parametrize(
    'arguments',
    [
        ['--out', 'clip.gif'],
        ['--frames', 0],
        ['--algorithm', 'x'],
        ['--start', -1],
        ['--start', 1],
    ],
)
def test_wrong_use_exits_with_2(command, arguments):
    assert command(*arguments).exit_code == 2


def test_start_behind_the_end(command, tmp_path):
    result = command('--out', 'motion.mp4', '--start', 99)
    assert 'clip.mp4 has 0.80 s with motion' in str(result.exception)
    assert not (tmp_path / 'motion.mp4').exists()


def test_wrong_suffix_says_what_is_allowed(command):
    assert (
        'clip.gif must end in one of .png, .mp4' in command('--out', 'clip.gif').stderr
    )


def test_no_video_is_one_line(command, tmp_path):
    (tmp_path / 'bad.mp4').write_bytes(b'no video')
    result = command(video='bad.mp4')
    assert isinstance(result.exception, PluginError)
    assert str(result.exception) == 'bad.mp4 cannot be opened, it may be damaged'


def test_help_has_examples():
    result = CliRunner().invoke(show_flow, ['--help'])
    assert '    tpn-tsn show-flow clip.mp4 --out motion.mp4' in result.output
