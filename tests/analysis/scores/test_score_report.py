"""A fusion as a table."""

from pathlib import Path

import numpy as np

from tpn_tsn_plugin.analysis.scores.comparison import Comparison, Prepared
from tpn_tsn_plugin.analysis.scores.files import JoinedScores
from tpn_tsn_plugin.analysis.scores.report import to_markdown

JOINED = JoinedScores(
    paths=(Path('rgb.pkl'), Path('optical_flow.pkl')),
    samples=('a', 'b'),
    values=(np.zeros((2, 3)),) * 2,
    labels=np.array([0, 1]),
    left_out=(0, 0),
)
TEST = Prepared(JOINED, np.zeros((2, 2, 3)), 'softmax', ('probabilities', 'scores'), ())


def test_table_is_markdown_and_aligned():
    alone = (
        dict(top1=0.5, mean_average_precision=1.0),
        dict(top1=1.0, mean_average_precision=0.12345),
    )
    fused = dict(top1=1.0, mean_average_precision=0.5)
    result = Comparison(alone, fused, np.zeros((2, 3)), (1.0, 1.5))
    assert to_markdown(TEST, result).splitlines() == [
        '2 samples, 3 classes, fused before softmax',
        '',
        '| stream       | dump holds    | weight | top-1, % | mAP, % |',
        '|--------------|---------------|-------:|---------:|-------:|',
        '| rgb          | probabilities |      1 |    50.00 | 100.00 |',
        '| optical_flow | scores        |    1.5 |   100.00 |  12.35 |',
        '| **fused**    |               |        |   100.00 |  50.00 |',
    ]


def test_table_without_labels_has_no_results():
    result = Comparison(({}, {}), {}, np.zeros((2, 3)), (1.0, 1.0))
    first, _, header, *_ = to_markdown(TEST, result).splitlines()
    assert first.endswith('without labels nothing is measured')
    assert header == '| stream       | dump holds    | weight |'
