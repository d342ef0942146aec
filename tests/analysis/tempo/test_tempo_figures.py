"""Pictures show all that they are given."""

from tpn_tsn_plugin.analysis.tempo.figures import draw_robustness
from tpn_tsn_plugin.analysis.tempo.robustness import TestResult


def test_many_models_are_told_apart():
    results = [
        TestResult(f'model {i}', interval, interval / 2, 50.0 + i, 0.0, None)
        for i in range(9)
        for interval in (1, 2, 4)
    ]
    figure = draw_robustness(results)
    left, right = figure.axes
    # and the line at the trained interval
    lines = left.get_lines()[:-1]
    assert [line.get_label() for line in lines] == [f'model {i}' for i in range(9)]
    looks = {(line.get_color(), line.get_linestyle()) for line in lines}
    assert len(looks) == 9
    assert len(right.get_lines()) == 10
