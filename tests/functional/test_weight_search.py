"""Weights that do best on validation data."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import softmax

from tpn_tsn_plugin.functional.score_fusion import evaluate, weighted_mean
from tpn_tsn_plugin.functional.weight_search import (
    SEARCH_METRICS,
    search_weights,
    weight_grid,
)


def toy(num_streams=2, samples=60, classes=7, strength=(1.5, 2.5, 0.5)):
    rng = np.random.default_rng(0)
    labels = rng.integers(classes, size=samples)
    labels[:classes] = np.arange(classes)
    streams = rng.normal(size=(num_streams, samples, classes))
    for stream, extra in zip(streams, strength):
        stream[np.arange(samples), labels] += extra
    return streams, labels


@pytest.mark.parametrize('most', [2000, 250])
@pytest.mark.parametrize('num_streams', [2, 3, 4, 5, 7])
def test_grid_covers_the_simplex(num_streams, most):
    grid = weight_grid(num_streams, most)
    assert len(grid) <= most + 1
    assert len(np.unique(grid.round(9), axis=0)) == len(grid)
    assert (grid >= 0).all()
    np.testing.assert_allclose(grid.sum(axis=1), 1)
    for corner in np.eye(num_streams):
        assert (grid == corner).all(axis=1).any()
    # equal weights are always among them
    assert np.isclose(grid, 1 / num_streams).all(axis=1).any()
    np.testing.assert_array_equal(grid, weight_grid(num_streams, most))


def test_grid_of_two_streams_has_steps_of_a_hundredth():
    first = np.sort(weight_grid(2, 2000)[:, 0])
    assert len(first) == 101
    assert {round(b - a, 9) for a, b in pairwise(first)} == {0.01}


@pytest.mark.parametrize('num_streams', [2, 3])
@pytest.mark.parametrize('metric', list(SEARCH_METRICS))
def test_no_weights_of_the_grid_do_better(metric, num_streams):
    streams, labels = toy(num_streams)
    found = search_weights(streams, labels, metric=metric, activation='softmax')

    def measure(weights):
        fused = softmax(weighted_mean(streams, weights), axis=1)
        return evaluate(fused, labels)[metric]

    grid = weight_grid(num_streams, SEARCH_METRICS[metric])
    assert found.tried == len(grid)
    assert found.metric == metric
    assert found.value == pytest.approx(max(measure(weights) for weights in grid))
    assert measure(found.weights) == pytest.approx(found.value)
    assert found.value > max(measure(row) for row in np.eye(num_streams)) + 0.01
    assert sum(found.weights) == pytest.approx(1)
    again = search_weights(streams, labels, metric=metric, activation='softmax')
    assert again == found


def test_probabilities_are_ranked_as_they_are():
    streams, labels = toy()
    values = softmax(streams, axis=2)
    options = dict(metric='mean_average_precision')
    found = search_weights(values, labels, activation=None, **options)
    value = evaluate(weighted_mean(values, found.weights), labels)
    assert found.value == pytest.approx(value['mean_average_precision'])


def test_the_middle_of_equally_good_weights_is_taken():
    streams = np.array([[[2.0, 0.0], [0.0, 1.5]], [[0.0, 1.0], [1.0, 0.0]]])
    labels = np.array([0, 0])
    # sample 0: 2 w > 1 - w; sample 1: 1 - w > 1.5 w: right from 0.34 to 0.39
    found = search_weights(streams, labels, metric='top1', activation='softmax')
    assert found.value == 1
    assert found.weights[0] in (0.36, 0.37)


def test_useless_stream_gets_little():
    streams, labels = toy()
    streams[1] = np.random.default_rng(3).normal(size=streams[1].shape) * 10
    found = search_weights(streams, labels, metric='top1', activation='softmax')
    assert found.weights[1] < 0.1


def test_a_tie_is_not_right():
    streams = np.zeros((2, 3, 4))
    labels = np.array([0, 1, 2])
    found = search_weights(streams, labels, metric='top1', activation='softmax')
    assert found.value == 0
    assert found.weights == (0.5, 0.5)


def test_several_labels_a_sample():
    streams, labels = toy()
    hot = np.eye(7, dtype=bool)[labels]
    hot[::3, 0] = True
    options = dict(metric='mean_average_precision', activation='sigmoid')
    found = search_weights(streams, hot, **options)
    assert 0 < found.weights[0] < 1
    with pytest.raises(ValueError, match=r"\['mean_average_precision'\], got 'top1'"):
        search_weights(streams, hot, metric='top1', activation='sigmoid')


def test_progress_is_told():
    told = []
    search_weights(
        *toy(),
        metric='top1',
        activation='softmax',
        progress=lambda done, total: told.append((done, total)),
    )
    assert told == [(i, 101) for i in range(1, 102)]


@pytest.mark.parametrize(
    ('num_streams', 'metric', 'message'),
    [
        (1, 'top1', 'two streams or more, got 1'),
        (2, 'top5', "metric must be one of .*'top1'.*, got 'top5'"),
    ],
)
def test_wrong_use(num_streams, metric, message):
    streams, labels = toy(num_streams)
    with pytest.raises(ValueError, match=message):
        search_weights(streams, labels, metric=metric, activation='softmax')
