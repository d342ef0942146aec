"""Accuracy of verbs, nouns and actions against counting by hand."""

import itertools
import re

import numpy as np
import pytest
import torch

from tpn_tsn_plugin.evaluation.metrics.multi_task_accuracy import joint_rank
from tpn_tsn_plugin.registry import METRICS


def build(**options):
    return METRICS.build(dict(type='MultiTaskAccuracy', **options))


def sample(verb, noun, label):
    scores = dict(verb=torch.tensor(verb), noun=torch.tensor(noun))
    return dict(pred_score=scores, gt_label=torch.tensor(label))


VIDEOS = [
    # all right
    sample([0.6, 0.3, 0.1], [0.7, 0.3], [0, 0]),
    # the verb second, the noun right: pairs .35 (1, 0), .25 (0, 0)
    sample([0.4, 0.5, 0.1], [0.7, 0.3], [0, 0]),
    # the verb last, the noun wrong
    sample([0.5, 0.4, 0.1], [0.8, 0.2], [2, 1]),
]


def test_by_hand():
    metric = build(topk=(1, 2))
    metric.process(None, VIDEOS)
    assert metric.evaluate(size=3) == {
        'acc/verb_top1': pytest.approx(1 / 3),
        'acc/verb_top2': pytest.approx(2 / 3),
        'acc/noun_top1': pytest.approx(2 / 3),
        'acc/noun_top2': 1,
        'acc/action_top1': pytest.approx(1 / 3),
        'acc/action_top2': pytest.approx(2 / 3),
    }


def test_rank_of_a_combination():
    rng = np.random.default_rng(0)
    verb, noun = rng.random(4), rng.random(5)
    products = {
        (v, n): verb[v] * noun[n] for v, n in itertools.product(range(4), range(5))
    }
    ranking = sorted(products, key=products.get, reverse=True)
    for rank, labels in enumerate(ranking):
        assert joint_rank([verb, noun], labels) == rank


def test_a_constant_prediction_is_not_right():
    metric = build()
    metric.process(None, [sample([0.5, 0.5], [0.5, 0.5], [0, 0])])
    assert metric.evaluate(size=1)['acc/action_top1'] == 0


def test_name_of_all_tasks():
    metric = build(topk=(1,), joint='both')
    metric.process(None, VIDEOS)
    assert metric.evaluate(size=3)['acc/both_top1'] == pytest.approx(1 / 3)


@pytest.mark.parametrize(
    ('scores', 'label'),
    [(torch.rand(4), [1]), (dict(verb=torch.rand(4)), [1, 2])],
)
def test_predictions_of_another_head_are_refused(scores, label):
    message = 'MultiTaskAccuracy takes the predictions of MultiTaskHead'
    sample = dict(pred_score=scores, gt_label=torch.tensor(label))
    with pytest.raises(ValueError, match=message):
        build().process(None, [sample])


def test_wrong_k_is_refused():
    message = 'every entry of topk must be a whole number from 1 on, got 0'
    with pytest.raises(ValueError, match=re.escape(message)):
        build(topk=(1, 0))


def test_label_out_of_range_is_refused():
    message = 'noun label 2 is out of range: predictions have 2 classes, 0 to 1'
    with pytest.raises(ValueError, match=message):
        build().process(None, [sample([0.5, 0.5], [0.5, 0.5], [0, 2])])
