"""Optical flow: known motions are found, and grey levels are the published ones."""

import cv2
import numpy as np
import pytest
import torch

from tpn_tsn_plugin.errors import MissingDependencyError
from tpn_tsn_plugin.functional import optical_flow_algorithms
from tpn_tsn_plugin.functional.optical_flow import (
    ALGORITHMS,
    BOUND,
    complete_parameters,
    dequantise,
    estimate,
    estimate_pairs,
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


@pytest.mark.parametrize('algorithm', ALGORITHMS)
@pytest.mark.parametrize('shift', [(2, 0), (-3, 0), (0, 2), (0, -1.5), (1.5, -2)])
@pytest.mark.parametrize('size', [56, 160])
def test_motion_is_found(algorithm, shift, size):
    if algorithm.startswith('tvl1') and size > 56 and shift != (1.5, -2):
        pytest.skip('takes long, and the other sizes and shifts tell enough')
    fields = list(estimate(textured_frames(shift, size), algorithm))
    assert [field.shape for field in fields] == [(size, size, 2)] * 2
    assert {field.dtype for field in fields} == {np.dtype('float32')}
    for field in fields:
        inner = field[8:-8, 8:-8].reshape(-1, 2)
        np.testing.assert_allclose(np.median(inner, axis=0), shift, atol=0.15)


@pytest.mark.parametrize(
    ('algorithm', 'plain'),
    [
        ('dis', cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc),
        ('tvl1', cv2.optflow.DualTVL1OpticalFlow.create().calc),
        (
            'farneback',
            lambda before, after, _: cv2.calcOpticalFlowFarneback(
                before, after, None, 0.5, 3, 15, 3, 5, 1.2, 0
            ),
        ),
    ],
)
def test_defaults_are_those_of_published_extractions(algorithm, plain):
    before, after = textured_frames((1.5, -2), 130, count=2)
    (field,) = estimate_pairs([(before, after)], algorithm)
    assert np.array_equal(field, plain(before, after, None))


@pytest.mark.parametrize(
    ('algorithm', 'estimator'),
    [
        ('dis', cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)),
        ('tvl1', cv2.optflow.DualTVL1OpticalFlow.create()),
        ('tvl1_torch', cv2.optflow.DualTVL1OpticalFlow.create()),
    ],
)
def test_recorded_defaults_are_those_of_opencv(algorithm, estimator):
    values = complete_parameters(algorithm)
    # The only one of ours.
    assert values.pop('halvings', 0) == 0
    for name, value in values.items():
        getter = f'get{name.title().replace("_", "")}'
        assert getattr(estimator, getter)() == (1 if value is None else value)


@pytest.mark.parametrize('algorithm', ALGORITHMS)
def test_a_field_depends_on_nothing_but_its_pair(algorithm):
    frames = list(textured_frames((2, 1), count=4))
    pairs = [(frames[2], frames[3]), (frames[0], frames[1])]
    in_turn = list(estimate(frames, algorithm))
    alone = list(estimate_pairs(pairs, algorithm))
    assert np.array_equal(alone[0], in_turn[2])
    assert np.array_equal(alone[1], in_turn[0])


@pytest.mark.parametrize('algorithm', ALGORITHMS)
def test_crops(algorithm):
    crops = [frame[3:51, 5:53] for frame in textured_frames((2, 1), count=2)]
    assert not crops[0].flags.c_contiguous
    (field,) = estimate(crops, algorithm)
    (copied,) = estimate([crop.copy() for crop in crops], algorithm)
    assert np.array_equal(field, copied)


def test_fields_lie_between_frames():
    assert list(estimate([])) == []
    assert list(estimate([np.zeros((20, 20), np.uint8)])) == []
    assert len(list(estimate([np.zeros((20, 20), np.uint8)] * 5))) == 4


@pytest.mark.parametrize(
    ('algorithm', 'name', 'value'),
    [
        ('dis', 'finest_scale', 1),
        ('dis', 'gradient_descent_iterations', 1),
        ('dis', 'halvings', 1),
        ('tvl1', 'lambda', 0.9),
        ('tvl1', 'warpings_number', 1),
        ('tvl1_torch', 'lambda', 0.9),
        ('tvl1_torch', 'median_filtering', 3),
        ('farneback', 'win_size', 5),
        ('farneback', 'poly_sigma', 2),
    ],
)
def test_parameters_change_the_field(algorithm, name, value):
    frames = list(textured_frames((1, 2), count=2))
    (plain,) = estimate(frames, algorithm)
    (changed,) = estimate(frames, algorithm, {name: np.asarray(value)[()]})
    assert not np.array_equal(plain, changed)


@pytest.mark.parametrize(('size', 'coarsest'), [(56, 1), (40, 0), (128, 2), (256, 3)])
def test_dis_takes_no_scale_that_opencv_would_replace(size, coarsest):
    frames = list(textured_frames((1, 2), size, count=2))
    assert list(estimate(frames, 'dis', {'finest_scale': coarsest}))
    message = f'finest_scale of .dis. must be at most {coarsest} .*, got {coarsest + 1}'
    with pytest.raises(ValueError, match=message):
        list(estimate(frames, 'dis', {'finest_scale': coarsest + 1}))
    for finest, kept in ((coarsest, True), (coarsest + 1, False)):
        estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        estimator.setFinestScale(finest)
        estimator.calc(*frames, None)
        patch_size = estimator.getPatchSize()
        assert ((estimator.getFinestScale(), patch_size) == (finest, 8)) is kept


def test_parameters_are_completed_in_a_fixed_order():
    whole = complete_parameters('farneback')
    assert whole == dict(
        pyr_scale=0.5, num_levels=3, win_size=15, num_iters=3, poly_n=5, poly_sigma=1.2
    )
    given = complete_parameters('farneback', {'poly_sigma': 2, 'win_size': np.int64(9)})
    assert list(given) == list(whole)
    assert given == {**whole, 'poly_sigma': 2.0, 'win_size': 9}
    assert {type(given['poly_sigma']), type(given['win_size'])} == {float, int}
    assert complete_parameters('dis')['finest_scale'] is None
    assert complete_parameters('dis', {'finest_scale': None})['finest_scale'] is None


@pytest.mark.parametrize(
    ('algorithm', 'parameters', 'message'),
    [
        ('tvl1', {'lamda': 1}, r"parameter of 'tvl1' .*'lambda'.*, got 'lamda'"),
        ('dis', {'tau': 1}, r"parameter of 'dis' .*'patch_size'.*, got 'tau'"),
        ('tvl1', {'tau': '0.2'}, "parameter tau .* a number from 0 on, got '0.2'"),
        ('tvl1', {'tau': None}, 'tau .* a number from 0 on, got None'),
        ('tvl1_torch', {'gamma': 1.0}, "one of .*'lambda', 'tau'.*, got 'gamma'"),
        ('tvl1', {'tau': float('nan')}, 'tau .* a number from 0 on, got nan'),
        ('dis', {'patch_size': 8.5}, 'patch_size .* whole number .*, got 8.5'),
        ('dis', {'finest_scale': True}, 'finest_scale .* whole number .*, got True'),
        ('dis', {'patch_stride': -1}, 'patch_stride .* whole number .*, got -1'),
    ],
)
def test_unusable_parameters_are_refused(algorithm, parameters, message):
    with pytest.raises(ValueError, match=message):
        estimate([], algorithm, parameters)


@pytest.mark.parametrize(
    ('frames', 'algorithm', 'message'),
    [
        (
            [(32, 32)] * 2,
            'tvl',
            r"algorithm must be one of \['dis', .*'tvl1', 'tvl1_torch'\], got 'tvl'",
        ),
        ([(32, 32, 3)] * 2, 'dis', r'grey frames .*, got shape \(32, 32, 3\)'),
        ([(32, 32), (32, 30)], 'dis', r'one shape, got \(32, 32\) and then \(32, 30\)'),
        ([(12, 64)] * 2, 'dis', r'at least 16 pixels a side, got shape \(12, 64\)'),
    ],
)
def test_unusable_frames_are_refused(frames, algorithm, message):
    with pytest.raises(ValueError, match=message):
        list(estimate([np.zeros(shape, np.uint8) for shape in frames], algorithm))


def test_fractions_are_no_grey_levels():
    with pytest.raises(ValueError, match='type float32'):
        list(estimate([np.zeros((32, 32), np.float32)] * 2))


def test_frames_of_all_pairs_have_one_shape():
    pairs = [[np.zeros((n, n), np.uint8)] * 2 for n in (32, 40)]
    with pytest.raises(ValueError, match=r'got \(32, 32\) and then \(40, 40\)'):
        list(estimate_pairs(pairs))


@pytest.mark.parametrize('left', [None, object()])
def test_missing_tvl1_names_the_remedy(monkeypatch, left):
    monkeypatch.setattr(cv2, 'optflow', left)
    if left is None:
        monkeypatch.delattr(cv2, 'optflow')
    frames = textured_frames((1, 0))
    with pytest.raises(
        MissingDependencyError, match=r'--force-reinstall .*or .*tvl1_torch.*dis'
    ):
        list(estimate(frames, 'tvl1'))


def test_threads_are_as_many_as_opencv_takes(monkeypatch):
    """Worker processes keep OpenCV to one core, and nothing else."""
    seen = []

    def note(before, *_):
        seen.append((len(before), torch.get_num_threads()))
        return torch.zeros(*before.shape, 2)

    monkeypatch.setattr(optical_flow_algorithms, 'estimate_tvl1', note)
    threads, theirs = torch.get_num_threads(), cv2.getNumThreads()
    pairs = [[np.zeros((128, 128), np.uint8)] * 2] * 6
    try:
        torch.set_num_threads(2)
        for count in (0, 1, 2):
            cv2.setNumThreads(count)
            assert len(list(estimate_pairs(pairs, 'tvl1_torch'))) == 6
            assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(threads)
        cv2.setNumThreads(theirs)
    # and small pairs are worked on together
    assert seen == [(n, t) for t in (1, 1, 2) for n in (4, 2)]


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
@pytest.mark.parametrize('bound', [0, -1, float('nan'), '20'])
def test_bound_is_positive(function, bound):
    with pytest.raises(ValueError, match=f'bound must be .* above 0, got {bound!r}'):
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
