"""Rows of a comparison: mean, spread, gain."""

import pytest

from tpn_tsn_plugin.analysis.experiments.comparison import markdown, summarise


def result(accuracy, seconds=60.0, parameters=2_000_000):
    return dict(
        parameters=parameters, train_seconds=seconds, test={'acc/top1': accuracy}
    )


def test_mean_spread_and_gain():
    rows = summarise(
        {
            'plain': [result(0.40), result(0.50), result(0.60)],
            'pyramid': [result(0.90, seconds=90), result(0.94, seconds=150)],
        }
    )
    assert rows[0].accuracy == '50.0 ± 10.0'
    assert rows[1].minutes == pytest.approx(2.0)
    assert markdown(rows).splitlines()[2:] == [
        '| plain | 2.00 M | 50.0 ± 10.0 | +0.0 | 1.0 |',
        '| pyramid | 2.00 M | 92.0 ± 2.8 | +42.0 | 2.0 |',
    ]


def test_one_seed_has_no_spread():
    (row,) = summarise({'plain': [result(0.5)]})
    assert row.accuracy == '50.0'
