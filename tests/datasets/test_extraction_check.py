"""Extracted fields compared with what comes out today."""

import shutil
import zipfile

import cv2
import numpy as np
import pytest
from small_videos import write_small_video

from tpn_tsn_plugin.datasets.extraction import (
    ExtractionOptions,
    check_fields,
    extract,
    find_videos,
)
from tpn_tsn_plugin.errors import FrameFolderError, PluginError


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('videos')
    for index in range(3):
        write_small_video(folder / f'v{index}.mp4', 5 + 3 * index, index)
    return folder


@pytest.fixture
def extracted(folder, tmp_path):
    """Extracts the videos and says which and where."""

    def run(**options):
        chosen = ExtractionOptions(**{'algorithm': 'dis', **options})
        videos, out = find_videos(folder), tmp_path / 'out'
        extract(videos, out, chosen, workers=1)
        return videos, out

    return run


def rewrite(place, name, content):
    """Change a file of a video, and its checksum, as if it had been written so."""
    import hashlib

    (place / name).write_bytes(content)
    checksum = hashlib.md5(content).hexdigest()
    lines = (place / 'checksums.md5').read_text().splitlines()
    changed = [
        f'{checksum}  {name}' if line.endswith(f'  {name}') else line for line in lines
    ]
    (place / 'checksums.md5').write_text('\n'.join(changed))


@pytest.mark.parametrize(
    'options',
    [
        {},
        {'file_format': 'zip', 'names': 'x'},
        {'warped': True, 'bound': 5, 'quality': 60},
        {'algorithm': 'farneback', 'resize': 32, 'parameters': {'win_size': 9}},
    ],
    ids=str,
)
def test_what_was_extracted_is_sound(extracted, options):
    checks = list(check_fields(*extracted(**options), 8))
    assert len(checks) == 8
    assert len({(check.name, check.number) for check in checks}) == 8
    assert len({check.name for check in checks}) > 1
    for check in checks:
        assert check.sound
        assert check.mean == check.jpeg_mean
        assert check.mean <= check.largest


def test_all_fields_can_be_checked(extracted):
    checks = list(check_fields(*extracted(), 999))
    assert [(check.name, check.number) for check in checks] == [
        (f'v{index}', number)
        for index, count in enumerate((4, 7, 10))
        for number in range(1, count + 1)
    ]


def test_the_sample_depends_on_the_seed_alone(extracted):
    arguments = (*extracted(), 5)
    first, again, other = (
        [(c.name, c.number) for c in check_fields(*arguments, seed)]
        for seed in (0, 0, 1)
    )
    assert first == again != other


def test_other_fields_are_not_sound(extracted):
    videos, out = extracted()
    path = out / 'v1' / 'flow_x_00003.jpg'
    image = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    content = cv2.imencode('.jpg', image + np.uint8(2))[1].tobytes()
    rewrite(out / 'v1', path.name, content)
    unsound = [c for c in check_fields(videos, out, 999) if not c.sound]
    assert [(check.name, check.number) for check in unsound] == [('v1', 3)]
    assert 0.9 < unsound[0].mean < 1.2


def test_fields_in_the_wrong_order_are_not_sound(extracted):
    videos, out = extracted()
    names = ['flow_x_00002.jpg', 'flow_y_00002.jpg']
    for name, content in zip(
        names, [(out / 'v0' / name).read_bytes() for name in names[::-1]], strict=True
    ):
        rewrite(out / 'v0', name, content)
    unsound = [c.number for c in check_fields(videos, out, 999) if not c.sound]
    assert unsound == [2]


@pytest.mark.parametrize('damage', ['changed', 'lost', 'no checksums'])
def test_damaged_files_are_named(extracted, damage):
    videos, out = extracted()
    path = out / 'v0' / 'flow_y_00002.jpg'
    if damage == 'changed':
        path.write_bytes(path.read_bytes()[:-1])
    elif damage == 'lost':
        path.unlink()
    else:
        path = path.with_name('checksums.md5')
        path.unlink()
    message = rf'{path.name} in .*/out/v0 was lost or changed .*; remove'
    with pytest.raises(FrameFolderError, match=message):
        list(check_fields(videos, out, 999))


def test_damaged_archive_is_named(extracted):
    videos, out = extracted(file_format='zip')
    with zipfile.ZipFile(out / 'v0.zip') as archive:
        start = archive.getinfo('flow_x_00002.jpg').header_offset
    content = bytearray((out / 'v0.zip').read_bytes())
    content[start + 200] ^= 1
    (out / 'v0.zip').write_bytes(content)
    with pytest.raises(FrameFolderError, match=r'flow_x_00002\.jpg in .*v0\.zip was '):
        list(check_fields(videos, out, 999))


def test_another_video_in_the_place_is_noticed(extracted, tmp_path):
    videos, out = extracted()
    shutil.move(out / 'v0', tmp_path / 'v0')
    shutil.move(out / 'v1', out / 'v0')
    with pytest.raises(PluginError, match=r'has 5 frames, but .*v0 holds 7 fields'):
        list(check_fields(videos, out, 999))


def test_nothing_to_check_is_an_error(folder, tmp_path):
    with pytest.raises(FrameFolderError, match='holds none of the 3 videos'):
        list(check_fields(find_videos(folder), tmp_path, 3))
