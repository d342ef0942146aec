"""Pictures show all that they are given."""

import numpy as np
from matplotlib.colors import to_hex

from tpn_tsn_plugin.analysis.tempo.curves import Curve
from tpn_tsn_plugin.analysis.tempo.figures import (
    draw_curves,
    draw_robustness,
    draw_truth,
)
from tpn_tsn_plugin.analysis.tempo.measurement import measure
from tpn_tsn_plugin.analysis.tempo.robustness import TestResult
from tpn_tsn_plugin.analysis.tempo.truth import TrueTempo, TruthComparison


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


def test_cut_widths_are_hollow():
    instances = [
        TrueTempo(f'v{i}', 0, 'orbit', 1 / (1 + i), 2.0 * i, 1.0 + i, cut)
        for i, cut in enumerate([False, True, True])
    ]
    truth = TruthComparison(tuple(instances), None, None, {'orbit': None})
    axes = draw_truth(truth).axes
    assert len(axes) == 2
    for axis in axes:
        fills = axis.collections[0].get_facecolors()
        assert [fill[3] for fill in fills] == [1, 0, 0]
        edges = axis.collections[0].get_edgecolors()
        assert to_hex(edges[0]) == to_hex(fills[0])
    names = [text.get_text() for text in axes[0].get_legend().get_texts()]
    assert names == ['orbit', 'hollow: cut at a border']


def test_legend_of_curves():
    values = np.clip(1 - np.abs(np.arange(30) - 15) / 10, 0, None)
    curves = [Curve('a', 0, 16.0, values)]
    for smooth, told in ((0, ['curve']), (2, ['before smoothing', 'smoothed (2 fr'])):
        instances = measure(curves, smooth=smooth)
        (legend,) = draw_curves(curves, instances, smooth=smooth).legends
        names = [text.get_text() for text in legend.get_texts()]
        assert len(names) == len(told) + 2
        assert all(n.startswith(t) for n, t in zip(names, told))
