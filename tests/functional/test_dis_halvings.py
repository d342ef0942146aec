"""Dense inverse search on frames that are halved before."""

import cv2
import numpy as np
import pytest
from known_motions import end_point_difference, moving_texture

from tpn_tsn_plugin.functional.optical_flow import estimate, estimate_pairs
from tpn_tsn_plugin.functional.optical_flow_algorithms import _halve


def test_halved_then_estimated_then_doubled():
    """An odd side counts by its true share."""
    *frames, truth = moving_texture(shift=(3, 2), size=(130, 129))
    halves = [cv2.resize(f, (64, 65), interpolation=cv2.INTER_AREA) for f in frames]
    (field,) = estimate(frames, 'dis', dict(halvings=1))
    (small,) = estimate(halves, 'dis')
    wanted = cv2.resize(small, (129, 130)) * np.float32([129 / 64, 130 / 65])
    assert np.allclose(field, wanted, atol=1e-4)
    assert end_point_difference(field, truth, 8) < 0.3


@pytest.mark.parametrize('parts', [[0, 1, 2], [0, 0, 1], [1, 0]])
def test_a_field_depends_on_nothing_but_its_pair(parts):
    """Whatever frames it shares with its neighbours."""
    before, after, _ = moving_texture(shift=(4, -2), size=(64, 64))
    frames = [before, after, np.ascontiguousarray(before[:, ::-1])]
    pairs = [(frames[i], frames[(i + 1) % 3]) for i in parts]
    together = list(estimate_pairs(pairs, 'dis', dict(halvings=1)))
    for pair, field in zip(pairs, together, strict=True):
        (alone,) = estimate_pairs([pair], 'dis', dict(halvings=1))
        assert np.array_equal(field, alone)


@pytest.mark.parametrize(
    ('size', 'small'), [((64, 48), (8, 6)), ((68, 44), (8, 5)), ((71, 33), (8, 4))]
)
def test_three_halvings(size, small):
    """At once where sides allow it, else in turns: means of about 8×8 pixels."""
    frame, _, _ = moving_texture(size=size)
    once = cv2.resize(frame, small[::-1], interpolation=cv2.INTER_AREA)
    halved = _halve(frame, 3)
    assert halved.shape == small
    assert np.abs(halved.astype(int) - once).max() <= (1 if size[1] == 48 else 12)
    assert _halve(frame, 0) is frame


def test_too_small_after_halving():
    frames = [np.zeros((130, 129), np.uint8)] * 2
    with pytest.raises(ValueError, match='16 pixels a side, after 4 halvings, got'):
        list(estimate(frames, 'dis', dict(halvings=4)))
