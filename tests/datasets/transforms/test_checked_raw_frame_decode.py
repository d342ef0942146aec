"""Frame files that cannot be used are named; the others read as in MMAction2."""

import cv2
import numpy as np
import pytest
from mmaction.datasets.transforms import RawFrameDecode
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets.transforms import CheckedRawFrameDecode
from tpn_tsn_plugin.errors import FrameFolderError
from tpn_tsn_plugin.registry import TRANSFORMS

TEMPLATES = {'RGB': 'img_{:05}.jpg', 'Flow': 'flow_{}_{:05}.jpg'}


def write(path, size=(8, 12), channels=1):
    shape = size if channels == 1 else (*size, channels)
    rng = np.random.default_rng(len(path.name))
    assert cv2.imwrite(str(path), rng.integers(0, 256, shape, dtype=np.uint8))


@pytest.fixture
def folder(tmp_path):
    for number in range(1, 5):
        write(tmp_path / TEMPLATES['RGB'].format(number), channels=3)
        for axis in 'xy':
            write(tmp_path / TEMPLATES['Flow'].format(axis, number))
    return tmp_path


def sample(folder, modality='Flow'):
    return {
        'frame_dir': str(folder),
        'filename_tmpl': TEMPLATES[modality],
        'frame_inds': np.array([0, 1, 1, 2]),
        'offset': 1,
        'modality': modality,
    }


def error(folder, modality='Flow'):
    with pytest.raises(FrameFolderError) as caught:
        CheckedRawFrameDecode()(sample(folder, modality))
    message = str(caught.value)
    assert '\n' not in message
    assert str(folder) in message
    return message


@pytest.mark.parametrize('modality', ['RGB', 'Flow'])
def test_reads_as_mmaction2_does(folder, modality):
    ours = CheckedRawFrameDecode()(sample(folder, modality))
    theirs = RawFrameDecode()(sample(folder, modality))
    assert np.array_equal(ours['imgs'], theirs['imgs'])
    assert ours['img_shape'] == (8, 12)


def test_x_and_y_of_different_size(folder):
    write(folder / 'flow_y_00002.jpg', size=(8, 10))
    message = error(folder)
    assert 'flow_y_00002.jpg has size 10x8, but flow_x_00002.jpg has 12x8' in message
    assert 'extract the video again' in message


@pytest.mark.parametrize(('modality', 'file'), [('RGB', 'img_'), ('Flow', 'flow_x_')])
def test_frames_of_different_size(folder, modality, file):
    write(folder / f'{file}00003.jpg', size=(16, 24))
    if modality == 'Flow':
        write(folder / 'flow_y_00003.jpg', size=(16, 24))
    assert f'{file}00003.jpg has size 24x16, but' in error(folder, modality)


@pytest.mark.parametrize('content', [b'', b'no image', b'\xff\xd8\xff\xe0 cut'])
@pytest.mark.parametrize(
    ('modality', 'files'),
    [
        ('RGB', ['img_00002.jpg']),
        ('Flow', ['flow_y_00002.jpg']),
        ('Flow', ['flow_x_00002.jpg', 'flow_y_00002.jpg']),
        ('Flow', [f'flow_{axis}_0000{n}.jpg' for n in (1, 2, 3) for axis in 'xy']),
    ],
)
def test_damaged_file(folder, modality, files, content):
    for file in files:
        (folder / file).write_bytes(content)
    message = error(folder, modality)
    assert f'{files[0]} is no image, or a damaged one' in message


@pytest.mark.parametrize(('modality', 'file'), [('RGB', 'img_'), ('Flow', 'flow_y_')])
def test_missing_file(folder, modality, file):
    (folder / f'{file}00003.jpg').unlink()
    message = error(folder, modality)
    assert f'{file}00003.jpg cannot be read (No such file or directory)' in message


def test_other_faults_keep_their_own_error(folder):
    with pytest.raises(IndexError):
        CheckedRawFrameDecode()({**sample(folder), 'filename_tmpl': '{}_{}_{}.jpg'})


def test_is_registered():
    config = {'type': 'CheckedRawFrameDecode', 'io_backend': 'disk'}
    with DefaultScope.overwrite_default_scope('mmaction'):
        assert isinstance(TRANSFORMS.build(config), RawFrameDecode)
