"""Correlation, line and bins by hand-computed numbers."""

import numpy as np
import pytest
from scipy.stats import linregress

from tpn_tsn_plugin.functional.tempo_gain import (
    bin_means,
    can_correlate,
    correlate,
    fit_line,
)


def test_line_through_points():
    assert fit_line([0, 1, 2], [1, 3, 5]) == (pytest.approx(2), pytest.approx(1))
    # upright
    assert np.isnan(fit_line([2, 2], [1, 3])).all()


def test_correlation_by_hand():
    x, y = [1, 2, 3, 4, 5], [2, 1, 4, 3, 5]
    spearman = correlate(x, y, 'spearman')
    # 1 - 6 * sum(d**2) / (n * (n**2 - 1)), of four differences of 1
    assert spearman.coefficient == pytest.approx(0.8)
    pearson = correlate(x, y, 'pearson')
    assert pearson.coefficient == pytest.approx(0.8)
    assert pearson.p_value == pytest.approx(linregress(x, y).pvalue)
    z = np.arctanh(0.8) + 1.959964 * np.array([-1, 1]) / np.sqrt(2)
    assert (pearson.low, pearson.high) == pytest.approx(tuple(np.tanh(z)))
    # ranks tell less
    assert spearman.low < pearson.low
    assert spearman.high > pearson.high


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    truth, hits = 0.6, 0
    for _ in range(300):
        x, noise = rng.normal(size=(2, 40))
        found = correlate(x, truth * x + np.sqrt(1 - truth**2) * noise, 'pearson')
        hits += found.low < truth < found.high
    assert 0.91 < hits / 300 < 0.99


def test_perfect_order_and_few_points():
    assert can_correlate([1, 2, 3], [3, 1, 2])
    found = correlate([1, 2, 3, 4, 5], [1, 4, 9, 16, 25])
    assert found.coefficient == pytest.approx(1)
    assert 0.99 < found.low <= found.high <= 1
    few = correlate([1, 2, 3], [3, 1, 2])
    assert np.isnan([few.low, few.high]).all()


@pytest.mark.parametrize(
    ('x', 'y', 'message'),
    [
        ([1, 2], [1, 2], 'three points or more .*got 2'),
        ([1, 1, 1], [1, 2, 3], 'got 3 with 1 and 3 different'),
    ],
)
def test_no_correlation(x, y, message):
    assert not can_correlate(x, y)
    assert not can_correlate(y, x)
    with pytest.raises(ValueError, match=message):
        correlate(x, y)
    with pytest.raises(ValueError, match='kind must be one of'):
        correlate([1, 2, 3], [1, 2, 3], 'kendall')


def test_bins_of_neighbouring_classes():
    bins = bin_means([5, 1, 3, 2, 4], [50, 10, 30, 20, 40], size=2)
    assert bins == [(1.5, 15, 2), (3.5, 35, 2), (5, 50, 1)]


def test_bins_of_equal_variance():
    bins = bin_means([1, 25, 9.9, 10, 12], [1, 5, 3, 7, 9], by='variance')
    assert bins == [(pytest.approx(5.45), 2, 2), (11, 8, 2), (25, 5, 1)]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(by='gain'), 'by must be one of'),
        (dict(size=2.5), 'size must be a whole number'),
        (dict(size=0), 'size must be a whole number from 1'),
        (dict(by='variance', size=-1), 'size must be above 0'),
    ],
)
def test_faulty_bins(options, message):
    with pytest.raises(ValueError, match=message):
        bin_means([1, 2], [1, 2], **options)
