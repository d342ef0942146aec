"""Flips and ten-crop: right for optical flow, MMAction2's for RGB."""

import copy

import numpy as np
import pytest
from mmaction.datasets.transforms import Flip, FormatShape, TenCrop
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets.transforms import OpticalFlowFlip, OpticalFlowTenCrop
from tpn_tsn_plugin.functional.optical_flow import dequantise, quantise
from tpn_tsn_plugin.registry import TRANSFORMS


def sample(modality='Flow', snippets=2, clip_len=3, size=(8, 10)):
    rng = np.random.default_rng(0)
    channels = 2 if modality == 'Flow' else 3
    shape = (snippets * clip_len, *size, channels)
    return {
        'imgs': list(rng.integers(0, 256, shape, dtype=np.uint8)),
        'clip_len': clip_len,
        'num_clips': snippets,
        'modality': modality,
        'img_shape': size,
        'label': 4,
    }


def test_flip_mirrors_both_channels_and_inverts_x_of_every_field():
    before = sample()
    after = OpticalFlowFlip(flip_ratio=1)(copy.deepcopy(before))
    assert after['flip']
    for old, new in zip(before['imgs'], after['imgs'], strict=True):
        assert np.array_equal(new[..., 0], 255 - old[:, ::-1, 0])
        assert np.array_equal(new[..., 1], old[:, ::-1, 1])
        assert new.dtype == np.uint8


def test_flipped_field_is_the_field_of_the_mirrored_scene():
    # All moves right and away from the vertical centre line, by hand.
    x = np.tile(np.linspace(-3, 5, 10, dtype=np.float32), (8, 1))
    y = np.full_like(x, 2)
    results = {**sample(), 'imgs': [quantise(np.stack([x, y], axis=-1))]}
    (flipped,) = OpticalFlowFlip(flip_ratio=1)(results)['imgs']
    np.testing.assert_allclose(dequantise(flipped[..., 0]), -x[:, ::-1], atol=0.1)
    np.testing.assert_allclose(dequantise(flipped[..., 1]), y, atol=0.1)


def test_flipping_twice_gives_the_field_back():
    before = sample()
    flip = OpticalFlowFlip(flip_ratio=1)
    after = flip(flip(copy.deepcopy(before)))
    assert np.array_equal(before['imgs'], after['imgs'])


def test_fields_that_share_memory_are_flipped_once():
    field = sample()['imgs'][0]
    before = field.copy()
    results = {**sample(), 'imgs': [field, field]}
    for flipped in OpticalFlowFlip(flip_ratio=1)(results)['imgs']:
        assert np.array_equal(flipped[..., 0], 255 - before[:, ::-1, 0])
    assert np.array_equal(field, before)


@pytest.mark.parametrize('direction', ['horizontal', 'vertical'])
def test_rgb_flips_as_in_mmaction2(direction):
    options = {'flip_ratio': 1, 'direction': direction, 'flip_label_map': {4: 5}}
    ours = OpticalFlowFlip(**options)(sample('RGB'))
    theirs = Flip(**options)(sample('RGB'))
    assert np.array_equal(ours['imgs'], theirs['imgs'])
    assert ours['label'] == theirs['label'] == 5


def test_no_flip_leaves_the_sample():
    after = OpticalFlowFlip(flip_ratio=0)(sample())
    assert not after['flip']
    assert np.array_equal(after['imgs'], sample()['imgs'])


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'direction': 'vertical'}, "'horizontal' for optical flow, got 'vertical'"),
        ({'lazy': True}, 'lazy must be False for optical flow'),
    ],
)
def test_flips_that_would_be_wrong_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        OpticalFlowFlip(**options)(sample())


def test_mmaction2_is_still_wrong():
    """When this fails, MMAction2's own transforms may have become usable."""
    field = sample()['imgs'][0]
    (flipped, _) = Flip(flip_ratio=1)({**sample(), 'imgs': [field.copy()] * 2})['imgs']
    assert not np.array_equal(flipped[..., 1], field[:, ::-1, 1])
    crops = TenCrop(8)({**sample(), 'imgs': [field]})['imgs']
    assert np.array_equal(crops[1][..., 0], crops[0][:, ::-1, 0])


def test_ten_crop_inverts_x_of_mirrored_crops_only():
    results = OpticalFlowTenCrop(6)(sample())
    crops = np.array(results['imgs']).reshape(5, 2, 6, 6, 6, 2)
    plain, mirrored = crops[:, 0], crops[:, 1]
    assert np.array_equal(mirrored[..., 0], 255 - plain[..., ::-1, 0])
    assert np.array_equal(mirrored[..., 1], plain[..., ::-1, 1])
    upper_left = np.array(sample()['imgs'])[:, :6, :6]
    assert np.array_equal(plain[0], upper_left)


def test_ten_crop_of_rgb_is_mmaction2s():
    ours = OpticalFlowTenCrop((6, 4))(sample('RGB'))
    theirs = TenCrop((6, 4))(sample('RGB'))
    assert np.array_equal(ours['imgs'], theirs['imgs'])
    assert ours['img_shape'] == theirs['img_shape'] == (4, 6)


@pytest.mark.parametrize(('modality', 'clip_len'), [('RGB', 1), ('Flow', 5)])
def test_views_of_25_segments_come_crop_by_crop(modality, clip_len):
    """The order of views is (crop, segment), so a head may fold them as (10, 25)."""
    results = sample(modality, snippets=25, clip_len=clip_len)
    for index, image in enumerate(results['imgs']):
        image[..., 1:] = index // clip_len
    shaped = FormatShape('NCHW')(OpticalFlowTenCrop(6)(results))['imgs']
    channels = 3 if modality == 'RGB' else 2 * clip_len
    assert shaped.shape == (250, channels, 6, 6)
    segments = shaped.reshape(10, 25, channels, 6, 6)[:, :, 1]
    wanted = np.arange(25)[None, :, None, None]
    assert np.array_equal(segments, np.broadcast_to(wanted, segments.shape))


def test_stack_of_fields_is_x_and_y_in_turn():
    results = sample(snippets=2, clip_len=5)
    fields = np.array(results['imgs']).reshape(2, 5, 8, 10, 2)
    shaped = FormatShape('NCHW')(OpticalFlowFlip(flip_ratio=1)(results))['imgs']
    assert shaped.shape == (2, 10, 8, 10)
    for snippet in range(2):
        for step in range(5):
            field = fields[snippet, step, :, ::-1]
            assert np.array_equal(shaped[snippet, 2 * step], 255 - field[..., 0])
            assert np.array_equal(shaped[snippet, 2 * step + 1], field[..., 1])


@pytest.mark.parametrize(
    'config',
    [
        {'type': 'OpticalFlowFlip', 'flip_ratio': 0.5},
        {'type': 'OpticalFlowTenCrop', 'crop_size': 6},
    ],
)
def test_is_registered(config):
    with DefaultScope.overwrite_default_scope('mmaction'):
        assert type(TRANSFORMS.build(config)).__name__ == config['type']
