"""Frame folders packed into one file: read as the folder is."""

import pickle
import shutil
import zipfile

import numpy as np
import pytest
from mmengine.dataset import Compose

from tpn_tsn_plugin.datasets.transforms import (
    CheckedRawFrameDecode,
    FindFrames,
    FindPairedFrames,
    PairedRawFrameDecode,
    SegmentSampleFrames,
)
from tpn_tsn_plugin.datasets.transforms.frame_archive import FrameArchive, find_archive
from tpn_tsn_plugin.errors import FrameFolderError


@pytest.fixture
def places(tmp_path, media_dir):
    """A folder of real frames and fields, and an archive of the same."""
    folder = tmp_path / 'loose' / 'clip.1'
    shutil.copytree(media_dir / 'frames', folder)
    (tmp_path / 'packed').mkdir()
    with zipfile.ZipFile(tmp_path / 'packed' / 'clip.1.zip', 'w') as archive:
        for path in folder.iterdir():
            archive.write(path, path.name)
    return str(folder), str(tmp_path / 'packed' / 'clip.1')


def read(folder, modality, transforms=None):
    transforms = transforms or [
        FindFrames(),
        SegmentSampleFrames(2, 2, test_mode=True),
        CheckedRawFrameDecode(),
    ]
    return Compose(transforms)({'frame_dir': folder, 'modality': modality})


@pytest.mark.parametrize('modality', ['RGB', 'Flow'])
@pytest.mark.parametrize('suffix', ['', '.zip', '/'])
def test_frames_of_an_archive(places, modality, suffix):
    loose, packed = places
    wanted = read(loose, modality)
    results = read(packed + suffix, modality)
    assert np.array_equal(results['imgs'], wanted['imgs'])
    assert results['total_frames'] == wanted['total_frames'] == 5
    assert results['filename_tmpl'] == wanted['filename_tmpl']


def test_both_modalities_of_an_archive(places):
    transforms = [
        FindPairedFrames(),
        SegmentSampleFrames(3, 2, test_mode=True),
        PairedRawFrameDecode(),
    ]
    loose, packed = (read(place, 'RGB', transforms)['imgs'] for place in places)
    assert len(packed) == 2 + 4
    for image, wanted in zip(packed, loose, strict=True):
        assert np.array_equal(image, wanted)


def test_reading_folders_goes_on_after_an_archive(places):
    loose, packed = places
    decode = CheckedRawFrameDecode()
    for folder in (loose, packed, loose):
        found = FindFrames()({'frame_dir': folder, 'modality': 'RGB'})
        results = decode({**found, 'frame_inds': np.array([1, 3])})
        assert len(results['imgs']) == 2
    assert pickle.loads(pickle.dumps(CheckedRawFrameDecode())).file_client is None


def test_a_folder_comes_before_an_archive(places):
    loose, packed = places
    assert find_archive(packed) == f'{packed}.zip'
    assert find_archive(f'{packed}.zip') == f'{packed}.zip'
    assert find_archive(loose) is None
    assert find_archive(f'{loose}-none') is None
    shutil.copytree(loose, packed)
    assert find_archive(packed) is None


def test_missing_file_is_named(places):
    _, packed = places
    found = FindFrames()({'frame_dir': packed, 'modality': 'RGB'})
    with pytest.raises(FrameFolderError, match=r'clip\.1/img_00009\.jpg cannot be rea'):
        CheckedRawFrameDecode()({**found, 'frame_inds': np.array([9])})


def test_damaged_archive_is_named(places):
    _, packed = places
    found = FindFrames()({'frame_dir': packed, 'modality': 'RGB'})
    with zipfile.ZipFile(f'{packed}.zip') as archive:
        start = archive.getinfo('img_00002.jpg').header_offset
    with open(f'{packed}.zip', 'r+b') as file:
        file.seek(start + 500)
        file.write(b'\0' * 9)
    with pytest.raises(FrameFolderError, match=r'clip\.1\.zip cannot be read \(Bad'):
        CheckedRawFrameDecode()({**found, 'frame_inds': np.array([2])})


def test_what_is_no_archive_is_named(tmp_path):
    (tmp_path / 'clip.zip').write_bytes(b'no archive')
    with pytest.raises(FrameFolderError, match=r'clip\.zip cannot be read \(File'):
        FindFrames()({'frame_dir': str(tmp_path / 'clip'), 'modality': 'Flow'})


def test_gaps_in_an_archive_are_found(places):
    _, packed = places
    with FrameArchive(f'{packed}.zip', packed) as archive:
        content = {
            name: archive.get(f'{packed}/{name}')
            for name in archive.names()
            if name != 'y_00003.jpg'
        }
    with zipfile.ZipFile(f'{packed}.zip', 'w') as archive:
        for name, data in content.items():
            archive.writestr(name, data)
    with pytest.raises(FrameFolderError, match=r'1 of 10 files .* y_00003\.jpg'):
        FindFrames()({'frame_dir': packed, 'modality': 'Flow'})
