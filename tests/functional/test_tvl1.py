"""TV-L1 in PyTorch: OpenCV's fields, known motions, and pairs that share nothing."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from known_motions import (
    CLIPS,
    MARGIN,
    MEDIA,
    MOTIONS,
    end_point_difference,
    moving_texture,
    real_pairs,
)

from tpn_tsn_plugin.errors import MissingDependencyError
from tpn_tsn_plugin.functional import optical_flow_algorithms
from tpn_tsn_plugin.functional.optical_flow import estimate
from tpn_tsn_plugin.functional.tvl1 import (
    TVL1Parameters,
    estimate_tvl1,
    iteration,
    pairs_that_fit,
    scale,
)

FEW = TVL1Parameters(scales_number=2, warpings_number=2, outer_iterations=2)


def by_opencv(before, after, **parameters):
    estimator = cv2.optflow.DualTVL1OpticalFlow.create()
    for name, value in parameters.items():
        getattr(estimator, f'set{name.title().replace("_", "")}')(value)
    return estimator.calc(before, after, None)


def batch(pairs):
    """Pairs of arrays as two tensors (N, H, W)."""
    return [torch.from_numpy(np.stack(frames)) for frames in zip(*pairs)]


def several(count=5):
    """Pairs that come to rest after different numbers of iterations."""
    motions = [dict(shift=(0.3 * i, -0.9 * i)) for i in range(count)]
    return batch([moving_texture(**m, size=(40, 48))[:2] for m in motions])


@pytest.mark.parametrize('motion', MOTIONS)
def test_known_motion_is_found_as_well_as_by_opencv(motion):
    before, after, truth = moving_texture(**MOTIONS[motion], size=(72, 80))
    (field,) = estimate_tvl1(*batch([(before, after)]))
    theirs = end_point_difference(by_opencv(before, after), truth, MARGIN)
    ours = end_point_difference(field, truth, MARGIN)
    assert ours <= 1.05 * theirs
    # and both are right
    assert ours < 0.1


@pytest.mark.parametrize('clip', CLIPS)
def test_fields_of_real_clips_are_opencvs(clip):
    if not MEDIA.is_dir():
        pytest.skip('needs ../shared/media')
    pairs = real_pairs(clip, count=1, short_side=80)
    fields = estimate_tvl1(*batch(pairs))
    for field, pair in zip(fields, pairs, strict=True):
        assert end_point_difference(field, by_opencv(*pair)) <= 0.1


@pytest.mark.parametrize(
    'parameters',
    [
        {'lambda': 0.05},
        {'tau': 0.1},
        {'theta': 0.8},
        {'epsilon': 0.1},
        {'scales_number': 1, 'warpings_number': 2},
        {'scales_number': 3, 'scale_step': 0.5},
        {'scales_number': 9, 'scale_step': 0.6},
        {'inner_iterations': 3, 'outer_iterations': 2},
        {'median_filtering': 3},
        {'median_filtering': 1},
    ],
)
def test_parameters_mean_what_they_mean_in_opencv(parameters):
    before, after, _ = moving_texture(shift=(1.4, -0.8), degrees=1, size=(50, 61))
    expected = by_opencv(before, after, **parameters)
    given = {**TVL1Parameters().by_name(), **parameters}
    pair = batch([(before, after)])
    (field,) = estimate_tvl1(*pair, TVL1Parameters.from_names(given))
    # OpenCV's field, and not the one of the defaults; the border is unstable
    off = end_point_difference(field, expected, MARGIN)
    assert off < 1e-3
    assert off < 0.1 * end_point_difference(by_opencv(before, after), expected, MARGIN)


def test_no_motion_is_none():
    before, _, _ = moving_texture(size=(50, 61))
    (field,) = estimate_tvl1(*batch([(before, before)]))
    assert field.eq(0).all()


def test_flat_frames_move_nowhere():
    frames = torch.full((1, 20, 24), 7, dtype=torch.uint8)
    assert estimate_tvl1(frames, frames + 9).eq(0).all()


def test_a_field_depends_on_no_other_pair(monkeypatch):
    """Whether pairs rest or not, and whenever somebody looks."""
    before, after = several()
    parameters = TVL1Parameters(scales_number=3)
    alone = estimate_tvl1(before, after, parameters, pairs_at_once=1)
    for at_once in (2, 5):
        together = estimate_tvl1(before, after, parameters, pairs_at_once=at_once)
        assert torch.equal(together, alone)
    monkeypatch.setattr(scale, 'look_interval', lambda device: 7)
    assert torch.equal(estimate_tvl1(before, after, parameters), alone)


def test_pairs_stop_when_they_rest(monkeypatch):
    steps = []

    def count(unknowns, *others):
        steps.append(len(unknowns))
        return iteration.step_in_place(unknowns, *others)

    monkeypatch.setattr('tpn_tsn_plugin.functional.tvl1.estimate.step_in_place', count)
    before, after = several()
    estimate_tvl1(before, after, pairs_at_once=5)
    together = sum(steps)
    assert steps[0] == 5
    assert 1 in steps
    steps.clear()
    estimate_tvl1(before, after, pairs_at_once=1)
    # until the next median filtering, a pair that rests is carried along
    assert sum(steps) <= together < 5 * len(steps)


def test_grey_levels_may_be_fractions():
    before, after = several(2)
    whole = estimate_tvl1(before, after, FEW)
    assert torch.equal(estimate_tvl1(before.double(), after.float(), FEW), whole)
    assert whole.dtype == torch.float32
    assert whole.shape == (2, 40, 48, 2)


def test_inputs_are_left_alone_and_nothing_is_traced():
    before, after = (frames.float().requires_grad_() for frames in several(2))
    copies = before.clone(), after.clone()
    assert not estimate_tvl1(before, after, FEW).requires_grad
    assert torch.equal(before, copies[0])
    assert torch.equal(after, copies[1])


def test_half_precision_around_it_changes_nothing():
    before, after = several(2)
    plain = estimate_tvl1(before, after, FEW)
    with torch.autocast('cpu', torch.bfloat16):
        assert torch.equal(estimate_tvl1(before, after, FEW), plain)


def test_no_pairs_have_no_fields():
    assert estimate_tvl1(*torch.zeros(2, 0, 20, 30)).shape == (0, 20, 30, 2)


@pytest.mark.parametrize('size', [(2, 2), (3, 40), (16, 20)])
def test_frames_may_be_small(size):
    frames = torch.rand(2, 1, *size, generator=torch.manual_seed(0)) * 255
    assert estimate_tvl1(*frames).isfinite().all()


def test_large_frames_are_worked_on_one_by_one():
    cpu, gpu = torch.device('cpu'), torch.device('cuda')
    assert pairs_that_fit(256, 340, cpu) == 1
    assert pairs_that_fit(64, 64, cpu) == 16
    assert pairs_that_fit(256, 340, gpu) > 64


@pytest.mark.parametrize(
    ('shapes', 'message'),
    [
        ([(1, 8, 8, 1)] * 2, r'\(N, H, W\) .*, got shapes \(1, 8, 8, 1\)'),
        ([(1, 8, 8), (1, 8, 9)], r'got shapes \(1, 8, 8\) and \(1, 8, 9\)'),
        ([(1, 1, 8)] * 2, r'2 pixels a side or more, got shapes \(1, 1, 8\)'),
    ],
)
def test_unusable_frames_are_refused(shapes, message):
    with pytest.raises(ValueError, match=message):
        estimate_tvl1(*map(torch.zeros, shapes))


@pytest.mark.parametrize(
    ('values', 'message'),
    [
        ({'lambda': 0}, 'lambda must be above 0, got 0'),
        ({'theta': -1.0}, 'theta must be above 0, got -1.0'),
        ({'epsilon': -0.1}, 'epsilon must be 0 or more, got -0.1'),
        ({'scale_step': 1.0}, 'scale_step must lie between 0 and 1, got 1.0'),
        ({'warpings_number': 0}, 'warpings_number .* whole number from 1 on, got 0'),
        ({'inner_iterations': 0}, 'inner_iterations .* from 1 on, got 0'),
        ({'median_filtering': 7}, r'median_filtering .* \[0, 1, 3, 5\], got 7'),
    ],
)
def test_unusable_parameters_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        TVL1Parameters.from_names({**TVL1Parameters().by_name(), **values})


def test_without_a_compiler_the_message_says_so(monkeypatch):
    def fail(*_):
        cause = RuntimeError('no C++ compiler\nfound')
        raise torch._dynamo.exc.BackendCompilerFailed(fail, cause, None)

    monkeypatch.setattr(iteration, '_compiled', lambda: (fail, fail))
    before, after = several(1)
    with pytest.raises(
        MissingDependencyError, match=r'compiler.*found.*leave compiled'
    ):
        estimate_tvl1(before, after, FEW, compiled=True)


def test_what_is_compiled_takes_the_same_steps(monkeypatch):
    """The functions themselves; tests/benchmarks/tvl1.py compiles them."""
    parts = iteration._move, iteration._follow
    monkeypatch.setattr(iteration, '_compiled', lambda: parts)
    before, after = several(3)
    parameters = replace(FEW, epsilon=0.02)
    plain = estimate_tvl1(before, after, parameters)
    for at_once in (1, 3):
        other = estimate_tvl1(
            before, after, parameters, compiled=True, pairs_at_once=at_once
        )
        torch.testing.assert_close(other, plain, rtol=0, atol=1e-3)


def test_tvl1_in_pytorch_computes_on_the_default_device(monkeypatch):
    devices = []

    def estimate_tvl1(before, after, parameters):
        devices.extend(frames.device.type for frames in (before, after))
        return torch.zeros(len(before), *before.shape[1:], 2, device='cpu')

    monkeypatch.setattr(optical_flow_algorithms, 'estimate_tvl1', estimate_tvl1)
    frames = [np.zeros((20, 30), np.uint8)] * 3
    for device in ('cpu', 'meta'):
        with torch.device(device):
            assert len(list(estimate(frames, 'tvl1_torch'))) == 2
    assert devices == ['cpu'] * 2 + ['meta'] * 2
