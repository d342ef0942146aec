"""Optical flow: known motions are found, and grey levels are the published ones."""

import cv2
import numpy as np
import pytest

from tpn_tsn_plugin.functional.optical_flow import (
    BOUND,
    dequantise,
    estimate,
    invert_horizontal,
    quantise,
)


def textured_frames(shift, size=56, count=3):
    """Frames of a texture that moves by ``shift`` = (x, y) pixels in each step."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (3 * size, 3 * size)), (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    for step in range(count):
        x, y = step * np.array(shift, float) - size
        move = np.array([[1, 0, x], [0, 1, y]])
        frame = cv2.warpAffine(texture, move, (size, size))
        yield frame.astype(np.uint8)


@pytest.mark.parametrize('shift', [(2, 0), (-3, 0), (0, 2), (0, -1.5), (1.5, -2)])
@pytest.mark.parametrize('size', [56, 160])
def test_dis_finds_the_motion(shift, size):
    fields = list(estimate(textured_frames(shift, size)))
    assert [field.shape for field in fields] == [(size, size, 2)] * 2
    assert {field.dtype for field in fields} == {np.dtype('float32')}
    for field in fields:
        inner = field[8:-8, 8:-8].reshape(-1, 2)
        np.testing.assert_allclose(np.median(inner, axis=0), shift, atol=0.15)


def test_fields_lie_between_frames():
    assert list(estimate([])) == []
    assert list(estimate([np.zeros((20, 20), np.uint8)])) == []
    assert len(list(estimate([np.zeros((20, 20), np.uint8)] * 5))) == 4


@pytest.mark.parametrize(
    ('frames', 'algorithm', 'message'),
    [
        ([(32, 32)], 'tvl', r"algorithm must be one of \['dis'\], got 'tvl'"),
        ([(32, 32, 3)], 'dis', r'grey frames .*, got shape \(32, 32, 3\)'),
        ([(32, 32), (32, 30)], 'dis', r'one shape .*\(32, 32\) .* then \(32, 30\)'),
        ([(12, 64)], 'dis', r'at least 16 pixels a side, got shape \(12, 64\)'),
    ],
)
def test_unusable_frames_are_refused(frames, algorithm, message):
    with pytest.raises(ValueError, match=message):
        list(estimate([np.zeros(shape, np.uint8) for shape in frames], algorithm))


def test_fractions_are_no_grey_levels():
    with pytest.raises(ValueError, match='type float32'):
        list(estimate([np.zeros((32, 32), np.float32)]))


def test_grey_levels_are_the_published_ones():
    # 255 (v + 20) / 40, rounded, clipped: dense_flow's convertFlowToImage
    field = np.array([-30, -20, -19.9, -1, 0, 1, 10, 19.9, 20, 1e9], np.float32)
    levels = quantise(field)
    assert levels.dtype == np.uint8
    assert levels.tolist() == [0, 0, 1, 121, 128, 134, 191, 254, 255, 255]
    assert quantise(np.array([4.0]), bound=8).tolist() == [191]


def test_every_level_survives_the_way_back_and_forth():
    levels = np.arange(256, dtype=np.uint8)
    field = dequantise(levels)
    assert field.dtype == np.float32
    assert (field[0], field[255]) == (-BOUND, BOUND)
    assert np.array_equal(quantise(field), levels)


def test_quantising_is_off_by_half_a_level_at_most():
    field = np.random.default_rng(0).uniform(-BOUND, BOUND, (8, 8, 2))
    off = np.abs(dequantise(quantise(field)) - field)
    assert off.max() <= BOUND / 255 * 1.001
    assert off.max() > BOUND / 255 * 0.9


@pytest.mark.parametrize('function', [quantise, dequantise])
@pytest.mark.parametrize('bound', [0, -1, float('nan')])
def test_bound_is_positive(function, bound):
    with pytest.raises(ValueError, match=f'bound must be .* above 0, got {bound}'):
        function(np.zeros(3, np.uint8), bound=bound)


def test_inverting_turns_x_and_leaves_y():
    stack = np.random.default_rng(0).integers(0, 256, (4, 5, 6), dtype=np.uint8)
    before = stack.copy()
    invert_horizontal(stack)
    assert np.array_equal(stack[..., 1::2], before[..., 1::2])
    np.testing.assert_allclose(
        dequantise(stack[..., ::2]), -dequantise(before[..., ::2]), atol=1e-5
    )


def test_inverting_needs_pairs():
    with pytest.raises(ValueError, match=r'pairs of channels .* got 3 channels'):
        invert_horizontal(np.zeros((2, 2, 3), np.uint8))
