"""RGB difference: values, order, and what MMAction2 makes of it."""

import copy

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import FormatShape, PackActionInputs, ThreeCrop
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets.transforms import RGBDifference
from tpn_tsn_plugin.registry import MODELS, TRANSFORMS


def sample(snippets=3, clip_len=6, size=(8, 12)):
    rng = np.random.default_rng(0)
    shape = (snippets * clip_len, *size, 3)
    return {
        'imgs': list(rng.integers(0, 256, shape, dtype=np.uint8)),
        'clip_len': clip_len,
        'num_clips': snippets,
        'modality': 'RGB',
        'img_shape': size,
        'label': 1,
    }


@pytest.mark.parametrize('keep_rgb', [False, True])
@pytest.mark.parametrize('length', [1, 2, 5])
def test_differences_stand_in_order(length, keep_rgb):
    before = sample(clip_len=length + 1)
    after = RGBDifference(keep_rgb)(copy.deepcopy(before))
    assert len(after['imgs']) == 3
    assert after['clip_len'] == 1
    assert after['num_clips'] == 3
    front = 3 * keep_rgb
    for index, image in enumerate(after['imgs']):
        assert image.dtype == np.int16
        assert image.shape == (8, 12, 3 * length + front)
        frames = before['imgs'][index * (length + 1) :]
        for step in range(length):
            channels = image[..., front + 3 * step : front + 3 * step + 3]
            wanted = frames[step + 1].astype(int) - frames[step].astype(int)
            assert np.array_equal(channels, wanted)
        if keep_rgb:
            assert np.array_equal(image[..., :3], frames[0])


def test_frames_that_are_no_integers():
    results = sample()
    results['imgs'] = [frame / np.float32(2) for frame in results['imgs']]
    frames = [frame.copy() for frame in results['imgs']]
    image = RGBDifference()(results)['imgs'][0]
    assert image.dtype == np.float32
    assert np.array_equal(image[..., :3], frames[1] - frames[0])


def test_negative_differences_do_not_wrap():
    results = sample(snippets=1, clip_len=2, size=(2, 2))
    results['imgs'][0][:], results['imgs'][1][:] = 255, 0
    assert (RGBDifference()(results)['imgs'][0] == -255).all()


def test_crops_stay_outermost():
    crops = ThreeCrop(8)(sample())
    views = [frame.copy() for frame in crops['imgs']]
    images = RGBDifference()(crops)['imgs']
    assert len(images) == 3 * 3
    for view, image in enumerate(images):
        frames = views[view * 6 : view * 6 + 2]
        wanted = frames[1].astype(int) - frames[0].astype(int)
        assert np.array_equal(image[..., :3], wanted)


@pytest.mark.parametrize(('keep_rgb', 'channels'), [(False, 15), (True, 18)])
def test_mmaction2_formats_and_normalises_it(keep_rgb, channels):
    results = RGBDifference(keep_rgb)(sample())
    images = np.stack(results['imgs']).transpose(0, 3, 1, 2)
    data = PackActionInputs()(FormatShape('NCHW')(results))
    mean, std = list(range(channels)), list(range(1, channels + 1))
    preprocess = MODELS.build(
        {'type': 'mmaction.ActionDataPreprocessor', 'mean': mean, 'std': std}
    )
    batch = preprocess(
        {'inputs': [data['inputs']], 'data_samples': [data['data_samples']]}
    )['inputs']
    assert batch.shape == (1, 3, channels, 8, 12)
    assert batch.dtype == torch.float32
    shape = (1, channels, 1, 1)
    wanted = (images - np.reshape(mean, shape)) / np.reshape(std, shape)
    np.testing.assert_allclose(batch[0].numpy(), wanted, rtol=1e-5, atol=1e-4)


def test_single_frames_have_no_difference():
    with pytest.raises(ValueError, match=r'got clip_len=1; sample clip_len = L \+ 1'):
        RGBDifference()(sample(clip_len=1))


def test_optical_flow_is_refused():
    with pytest.raises(ValueError, match="modality 'RGB', got 'Flow'"):
        RGBDifference()({**sample(), 'modality': 'Flow'})


def test_is_registered_and_shows_its_option():
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = TRANSFORMS.build({'type': 'RGBDifference', 'keep_rgb': True})
    assert repr(built) == 'RGBDifference(keep_rgb=True)'
