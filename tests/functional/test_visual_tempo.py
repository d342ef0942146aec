"""Visual tempo: widths of analytic curves, and what happens at borders."""

import time

import numpy as np
import pytest

from tpn_tsn_plugin.functional.visual_tempo import (
    class_variances,
    half_maximum_lobe,
    smooth_curve,
)

FRAMES = np.arange(120)


def gaussian(centre, sigma):
    return np.exp(-((FRAMES - centre) ** 2) / (2 * sigma**2))


def triangle(centre, base):
    return np.clip(1 - 2 * np.abs(FRAMES - centre) / base, 0, None)


def box(start, length):
    return ((start <= FRAMES) & (start + length > FRAMES)).astype(float)


@pytest.mark.parametrize('height', [1.0, 0.03])
@pytest.mark.parametrize('centre', [60, 60.3, 60.5, 41.75])
@pytest.mark.parametrize(
    ('curve', 'size', 'width'),
    [
        (gaussian, 4, 2 * np.sqrt(2 * np.log(2)) * 4),
        (gaussian, 15, 2 * np.sqrt(2 * np.log(2)) * 15),
        (triangle, 10, 5),
        (triangle, 20, 10),
        (triangle, 30, 15),
        (triangle, 61, 30.5),
    ],
)
def test_width_of_an_analytic_curve(curve, size, width, centre, height):
    lobe = half_maximum_lobe(height * curve(centre, size))
    assert lobe.width == pytest.approx(width, rel=0.01)
    assert (lobe.left + lobe.right) / 2 == pytest.approx(centre, abs=0.01)
    assert (lobe.peaks, lobe.censored) == (1, False)
    assert lobe.peak == round(centre)
    assert lobe.half == pytest.approx(height / 2, rel=0.01)


@pytest.mark.parametrize('base', range(8, 62))
def test_sharp_top_is_found_between_frames(base):
    for centre in 60 + np.arange(0, 1, 0.05):
        lobe = half_maximum_lobe(triangle(centre, base))
        assert lobe.width == pytest.approx(base / 2)
        # the greatest value stays one that the curve has
        assert lobe.maximum == triangle(centre, base).max()
        lobe = half_maximum_lobe(0.2 + 0.5 * triangle(centre, base), 'minimum')
        assert lobe.width == pytest.approx(base / 2)
        assert lobe.half == pytest.approx(0.45)


def test_flanks_of_a_sharp_top_may_differ():
    rise, fall = (FRAMES - 40.7) / 30 + 1, (40.7 - FRAMES) / 7 + 1
    lobe = half_maximum_lobe(np.clip(np.minimum(rise, fall), 0, None))
    assert (lobe.left, lobe.right) == pytest.approx((25.7, 44.2))


def as_it_was(curve):
    """The width at half of the greatest frame."""
    curve = np.asarray(curve, float)
    (inside,) = np.nonzero(curve > curve.max() / 2)
    left, right = inside[0], inside[-1]
    half = curve.max() / 2
    before, after = curve[left - 1], curve[right + 1]
    return (right + (curve[right] - half) / (curve[right] - after)) - (
        left - (curve[left] - half) / (curve[left] - before)
    )


@pytest.mark.parametrize('sigma', [0.5, 1, 1.4, 1.9, 3, 4, 8, 15])
def test_round_tops_are_left_alone(sigma):
    for centre in 60 + np.arange(0, 1, 0.05):
        curve = gaussian(centre, sigma)
        assert half_maximum_lobe(curve).width == pytest.approx(as_it_was(curve))


def test_noisy_tops_are_left_alone():
    rng = np.random.default_rng(0)
    for _ in range(50):
        curve = triangle(60.5, 30) * rng.uniform(0.8, 1, len(FRAMES))
        assert half_maximum_lobe(curve).half == curve.max() / 2


@pytest.mark.parametrize(
    'curve',
    [
        # flat, one steep side, a border in the way
        [0, 1, 2, 3, 4, 4, 4, 3, 2, 1, 0],
        [0, 1, 2, 3, 4, 0, 0, 0, 0],
        [2, 3, 4, 3, 2, 1, 0, 0],
    ],
)
def test_other_tops_are_the_greatest_value(curve):
    assert half_maximum_lobe(curve).half == 2


@pytest.mark.parametrize('length', [1, 2, 17])
def test_width_of_a_box_is_its_number_of_frames(length):
    lobe = half_maximum_lobe(box(20, length))
    assert lobe.width == pytest.approx(length)
    assert (lobe.left, lobe.right) == (19.5, 19.5 + length)


def test_crossings_lie_between_frames():
    lobe = half_maximum_lobe([0, 0.2, 0.8, 0.6, 0.1, 0])
    # half is 0.4: a third of the way from 0.2 to 0.8, two fifths from 0.6 to 0.1
    assert lobe.left == pytest.approx(1 + 1 / 3)
    assert lobe.right == pytest.approx(3 + 2 / 5)
    assert (lobe.peak, lobe.maximum) == (2, 0.8)


@pytest.mark.parametrize(
    ('curve', 'left', 'right', 'censored'),
    [
        # above half at one border, at the other, at both
        ([1, 1, 0.8, 0, 0], -0.5, 2.375, True),
        ([0, 0, 0.8, 1, 1], 1.625, 4.5, True),
        ([0.6, 1, 0.7], -0.5, 2.5, True),
        # just half at the border: the curve has fallen to it
        ([0.5, 1, 0.5], 0, 2, False),
        # the lobe that reaches the border is another one
        ([0.9, 0, 1, 0, 0.9], 1.5, 2.5, False),
        # flat, and one frame
        ([0.3] * 7, -0.5, 6.5, True),
        ([0.3], -0.5, 0.5, True),
    ],
)
def test_borders(curve, left, right, censored):
    lobe = half_maximum_lobe(curve)
    assert (lobe.left, lobe.right) == (pytest.approx(left), pytest.approx(right))
    assert lobe.width == pytest.approx(right - left)
    assert lobe.censored is censored


def test_main_lobe_is_measured_and_all_are_counted():
    curve = 0.6 * box(5, 30) + box(50, 4) + 0.4 * box(70, 9)
    lobe = half_maximum_lobe(curve)
    assert (lobe.width, lobe.peak, lobe.peaks) == (pytest.approx(4, abs=0.1), 50, 2)
    # the wide lobe is 0.6 of the maximum: its part above half is longer than 4 frames
    assert half_maximum_lobe(curve[:45]).width == pytest.approx(30)


def test_first_of_equal_maxima():
    assert half_maximum_lobe([0, 1, 0, 1, 1, 0]).right == 1.5
    assert half_maximum_lobe([0, 1, 0, 1, 1, 0]).peaks == 2


def test_baseline():
    curve = 0.6 + 0.4 * gaussian(60, 8)
    assert half_maximum_lobe(curve).censored
    lobe = half_maximum_lobe(curve, 'minimum')
    assert lobe.width == pytest.approx(2.3548 * 8, rel=0.01)
    assert lobe.maximum == 1
    with pytest.raises(ValueError, match=r'baseline must be one of .*got .median'):
        half_maximum_lobe(curve, 'median')


def test_smoothing_widens_as_it_should():
    smoothed = smooth_curve(gaussian(60, 8), 6)
    # variances add up: 8² + 6² = 10²
    assert half_maximum_lobe(smoothed).width == pytest.approx(23.548, rel=0.01)
    assert np.array_equal(smooth_curve(FRAMES, 0), FRAMES)
    np.testing.assert_allclose(smooth_curve([0.4] * 9, 3), 0.4)


def test_smoothing_joins_a_lobe_that_one_frame_cuts():
    curve = box(30, 40)
    curve[45] = 0
    assert half_maximum_lobe(curve).width == pytest.approx(15)
    assert half_maximum_lobe(smooth_curve(curve, 3)).width == pytest.approx(
        40, rel=0.01
    )


@pytest.mark.parametrize('sigma', [-1, np.nan, np.inf])
def test_faulty_smoothing(sigma):
    with pytest.raises(ValueError, match='sigma must be a number from 0 on'):
        smooth_curve([0, 1, 0], sigma)


@pytest.mark.parametrize(
    ('curve', 'baseline', 'message'),
    [
        ([0, 0, 0], 'zero', 'curve from 0 to 0 is nowhere above its baseline .zero'),
        ([-1, -2], 'zero', 'from -2 to -1 is nowhere above'),
        ([0.4, 0.4], 'minimum', 'from 0.4 to 0.4 is nowhere above .*minimum'),
        ([0.4, np.nan, np.inf], 'zero', '2 values that are no finite numbers'),
        ([], 'zero', r'a value a frame, got shape \(0,\)'),
        ([[0.1, 0.2]], 'zero', r'a value a frame, got shape \(1, 2\)'),
    ],
)
def test_curve_without_width(curve, baseline, message):
    with pytest.raises(ValueError, match=message) as caught:
        half_maximum_lobe(curve, baseline)
    assert '\n' not in str(caught.value)


def test_twenty_thousand_videos_take_seconds():
    curve = gaussian(60, 8)
    start = time.process_time()
    for _ in range(1000):
        half_maximum_lobe(curve)
    # 0.1 s on an idle core
    assert time.process_time() - start < 1


def test_variance_of_each_class():
    variances, counts = class_variances([1, 3, 5, 7, 9], [0, 0, 2, 3, 3], 5)
    np.testing.assert_allclose(variances, [2, np.nan, np.nan, 2, np.nan])
    assert counts.tolist() == [2, 0, 1, 2, 0]
