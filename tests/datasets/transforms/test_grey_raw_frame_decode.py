"""Frames in colour where they are seen, and in grey where only motion is computed."""

import shutil

import cv2
import numpy as np
import pytest
from mmaction.datasets.transforms import RawFrameDecode
from moving_samples import moving_texture

from tpn_tsn_plugin.datasets.transforms import ComputeOpticalFlow, GreyRawFrameDecode
from tpn_tsn_plugin.errors import FrameFolderError

NAME = 'img_{:05}.jpg'


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / 'clip'
    folder.mkdir()
    for number, frame in enumerate(moving_texture(), 1):
        assert cv2.imwrite(str(folder / NAME.format(number)), frame[..., ::-1])
    return folder


def sample(folder, starts=(0, 2, 6), clip_len=4):
    return {
        'frame_dir': str(folder),
        'filename_tmpl': NAME,
        # Counted from 1; the first two snippets share two frames.
        'frame_inds': 1 + np.add.outer(starts, np.arange(clip_len)).ravel(),
        'clip_len': clip_len,
        'modality': 'RGB',
    }


@pytest.mark.parametrize(
    ('keep_rgb', 'kept'),
    [(None, []), ('centre', [1, 5, 9]), ('all', [0, 1, 2, 4, 5, 6, 8, 9, 10])],
)
@pytest.mark.parametrize('packed', [False, True])
def test_colour_where_it_is_kept(folder, keep_rgb, kept, packed):
    colours = RawFrameDecode()(sample(folder))['imgs']
    if packed:
        shutil.make_archive(str(folder), 'zip', folder)
        shutil.rmtree(folder)
    results = GreyRawFrameDecode(keep_rgb)(sample(folder))
    numbers = sample(folder)['frame_inds'] - 1
    assert np.array_equal(results['frame_inds'], numbers + 1)
    assert results['img_shape'] == results['original_shape'] == (48, 64)
    assert len(results['imgs']) == len(numbers)
    for place, (image, colour) in enumerate(zip(results['imgs'], colours, strict=True)):
        if place in kept:
            assert np.array_equal(image, colour)
        else:
            grey = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY).astype(int)
            assert image.shape == (48, 64)
            assert np.abs(image - grey).max() <= 2


@pytest.mark.parametrize('keep_rgb', [None, 'centre', 'all'])
def test_fields_are_those_of_frames_in_colour(folder, keep_rgb):
    compute = ComputeOpticalFlow('dis', bound=8, keep_rgb=keep_rgb)
    ours = compute(GreyRawFrameDecode(keep_rgb)(sample(folder)))
    theirs = compute(RawFrameDecode()(sample(folder)))
    assert ours['modality'] == theirs['modality']
    for image, other in zip(ours['imgs'], theirs['imgs'], strict=True):
        assert image.shape == other.shape
        # A level is a sixteenth of a pixel.
        assert np.abs(image.astype(int) - other).mean() < 1
    rgb = len(ours['imgs']) - 9
    assert np.array_equal(ours['imgs'][:rgb], theirs['imgs'][:rgb])


def test_a_frame_given_twice_is_changed_once(folder):
    images = GreyRawFrameDecode('centre')(sample(folder))['imgs']
    # Frames 3 and 4 belong to both of the first snippets.
    for first, second in ((2, 4), (3, 5)):
        before = images[second].copy()
        images[first][:] = 0
        assert np.array_equal(images[second], before)


def test_unusable_files_are_named(folder):
    frame = np.zeros((10, 20), np.uint8)
    cv2.imwrite(str(folder / NAME.format(3)), frame)
    message = r'img_00003.jpg has size 20x10, but others have 64x48; extract'
    with pytest.raises(FrameFolderError, match=message):
        GreyRawFrameDecode()(sample(folder))
    (folder / NAME.format(3)).write_bytes(b'no image')
    with pytest.raises(FrameFolderError, match=r'img_00003.jpg is no image'):
        GreyRawFrameDecode()(sample(folder))
    (folder / NAME.format(3)).unlink()
    with pytest.raises(
        FrameFolderError, match=r'img_00003.jpg cannot be read \(No such'
    ):
        GreyRawFrameDecode()(sample(folder))


def test_both_keep_the_same(folder):
    results = GreyRawFrameDecode('centre')(sample(folder))
    with pytest.raises(ValueError, match='give GreyRawFrameDecode the same keep_rgb'):
        ComputeOpticalFlow('dis', keep_rgb='all')(results)
    with pytest.raises(ValueError, match='keep_rgb must be one of'):
        GreyRawFrameDecode('some')
