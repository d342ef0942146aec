"""mAP by hand, classes without positives, and the results file."""

import json
import re

import numpy as np
import pytest
import torch
from mmaction.evaluation import mean_average_precision

from tpn_tsn_plugin.registry import METRICS


def build(**options):
    return METRICS.build(dict(type='VideoMeanAP', **options))


def sample(scores, label, **more):
    return dict(pred_score=torch.tensor(scores), gt_label=torch.tensor(label), **more)


# class 0: positives ranked 1st and 3rd, AP (1 + 2/3) / 2; class 1: ranked 2nd, AP 1/2;
# class 2: no positive
VIDEOS = [
    sample([0.9, 0.2, 0.1], [1.0, 0, 0], video_id='a'),
    sample([0.8, 0.9, 0.2], [0.0, 0, 0], video_id='background'),
    sample([0.7, 0.8, 0.3], [1.0, 1, 0], video_id='b'),
]


def test_by_hand():
    metric = build()
    metric.process(None, VIDEOS)
    expected = ((1 + 2 / 3) / 2 + 1 / 2) / 2
    assert metric.evaluate(size=3) == {'acc/mean_ap': pytest.approx(expected)}


def test_equals_mmaction2_where_every_class_has_a_positive():
    rng = np.random.default_rng(0)
    scores, labels = rng.random((40, 6)), rng.integers(2, size=(40, 6))
    metric = build()
    metric.process(
        None, [sample(*pair) for pair in zip(scores.tolist(), labels.tolist())]
    )
    expected = mean_average_precision(list(scores), list(labels))
    assert metric.evaluate(size=40)['acc/mean_ap'] == pytest.approx(expected)


def test_class_indices_are_labels_too():
    metric = build()
    metric.process(None, [sample([0.9, 0.1], [0]), sample([0.8, 0.3], [1])])
    assert metric.evaluate(size=2)['acc/mean_ap'] == 1


@pytest.mark.filterwarnings('error')
def test_classes_without_positives_are_named(monkeypatch):
    said = []
    monkeypatch.setattr(
        'tpn_tsn_plugin.evaluation.metrics.video_mean_ap.print_log',
        lambda text, logger: said.append(text),
    )
    metric = build()
    metric.process(None, VIDEOS)
    metric.evaluate(size=3)
    assert said == ['mAP over 2 of 3 classes; without a positive video: 2']


def test_results_file(tmp_path):
    path = tmp_path / 'new' / 'results.json'
    metric = build(out_file=str(path))
    rows = torch.tensor([[0.1, 0.2, 0.3], [0.4, 0.5, 1 / 3]])
    metric.process(None, [VIDEOS[0] | dict(segment_scores=rows), *VIDEOS[1:]])
    metric.dataset_meta = dict(classes=('swing', 'orbit', 'pulse'))
    metric.evaluate(size=3)
    content = json.loads(path.read_text())
    assert content['classes'] == ['swing', 'orbit', 'pulse']
    videos = content['videos']
    assert list(videos) == ['a', 'background', 'b']
    assert videos['a'] == dict(
        labels=[0],
        scores=[0.9, 0.2, 0.1],
        segment_scores=[[0.1, 0.2, 0.3], [0.4, 0.5, 0.333333]],
    )
    assert videos['background'] == dict(labels=[], scores=[0.8, 0.9, 0.2])
    assert videos['b']['labels'] == [0, 1]
    assert [p.name for p in path.parent.iterdir()] == ['results.json']


@pytest.mark.parametrize(
    ('options', 'videos', 'message'),
    [
        (
            {},
            [sample([0.1, 0.2], [0.0, 0.0])],
            'none of the 1 videos has a label, so there is no average precision',
        ),
        (
            dict(out_file='results.json'),
            [sample([0.1, 0.2], [0.0, 1.0])],
            'out_file needs video_id in the metainfo of every sample',
        ),
    ],
)
def test_what_does_not_fit_is_refused(options, videos, message):
    metric = build(**options)

    def evaluate():
        metric.process(None, videos)
        metric.evaluate(size=len(videos))

    with pytest.raises(ValueError, match=re.escape(message)):
        evaluate()


def test_scores_without_labels_are_written(tmp_path):
    path = tmp_path / 'results.json'
    metric = build(out_file=str(path))
    metric.process(None, [VIDEOS[1]])
    with pytest.raises(ValueError, match='none of the 1 videos has a label'):
        metric.evaluate(size=1)
    content = json.loads(path.read_text())
    assert content.keys() == {'videos'}
    assert list(content['videos']) == ['background']


def test_two_videos_of_one_identity_are_refused(tmp_path):
    metric = build(out_file=str(tmp_path / 'results.json'))
    metric.process(None, [VIDEOS[0], VIDEOS[0]])
    with pytest.raises(ValueError, match="two videos have video_id 'a'"):
        metric.evaluate(size=2)
    assert list(tmp_path.iterdir()) == []


def test_several_class_indices():
    metric = build()
    metric.process(
        None, [sample([0.9, 0.1, 0.8], [0, 2]), sample([0.1, 0.9, 0.2], [1])]
    )
    assert metric.evaluate(size=2)['acc/mean_ap'] == 1


def test_label_out_of_range_is_refused():
    with pytest.raises(ValueError, match='label 3 is out of range: predictions have 3'):
        build().process(None, [sample([0.1, 0.2, 0.3], [3])])


def test_results_file_is_json():
    with pytest.raises(ValueError, match=r"must end in .json, got 'results.pkl'"):
        build(out_file='results.pkl')
