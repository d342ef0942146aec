"""Streams alone and fused: in which form, how good, and with which weights."""

from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, softmax
from score_dumps import toy_probabilities, toy_scores

from tpn_tsn_plugin.analysis.scores.comparison import compare, prepare, search
from tpn_tsn_plugin.analysis.scores.files import JoinedScores
from tpn_tsn_plugin.errors import ScoreFileError
from tpn_tsn_plugin.functional.score_fusion import evaluate

LABELS = np.arange(60) % 6
Z = np.stack([toy_scores(LABELS, 6, seed=seed) for seed in (1, 2)])
P = softmax(Z, axis=2)
HOT = np.eye(6, dtype=bool)[LABELS]


def joined(*values, labels=LABELS, folder=''):
    count = len(values)
    return JoinedScores(
        paths=tuple(Path(folder) / f'{name}.pkl' for name in 'abc'[:count]),
        samples=tuple(map(str, range(len(values[0])))),
        values=tuple(values),
        labels=labels,
        left_out=(0,) * count,
    )


@pytest.mark.parametrize('values', [Z, P, (Z[0], P[1])])
def test_before_softmax_scores_and_probabilities_are_the_same(values):
    prepared = prepare(joined(*values), before_softmax=True)
    assert prepared.activation == 'softmax'
    expected = softmax((Z[0] + 1.5 * Z[1]) / 2.5, axis=1)
    np.testing.assert_allclose(prepared.fuse([1, 1.5]), expected)


@pytest.mark.parametrize('values', [Z, P, (Z[0], P[1])])
def test_after_softmax_scores_and_probabilities_are_the_same(values):
    prepared = prepare(joined(*values), before_softmax=False)
    assert prepared.activation is None
    np.testing.assert_allclose(prepared.fuse([1, 1.5]), (P[0] + 1.5 * P[1]) / 2.5)


@pytest.mark.parametrize('labels', [LABELS, HOT])
def test_sigmoid_is_told_from_the_values(labels):
    prepared = prepare(joined(expit(Z[0]), Z[1], labels=labels), before_softmax=True)
    assert prepared.activation == 'sigmoid'
    assert prepared.holds == ('probabilities', 'scores')
    np.testing.assert_allclose(prepared.fuse([1, 1]), expit(Z.mean(axis=0)))


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
@pytest.mark.parametrize('labels', [HOT, None])
def test_scores_of_several_labels_need_the_activation(labels, activation):
    scores = joined(*Z, labels=labels)
    with pytest.raises(ScoreFileError, match=r'a.pkl holds scores, .* --activation so'):
        prepare(scores, before_softmax=True)
    prepared = prepare(scores, before_softmax=True, activation=activation)
    assert prepared.activation == activation


@pytest.mark.parametrize(
    ('values', 'asked', 'message'),
    [
        (
            (P[0], expit(Z[1])),
            None,
            r'a.pkl holds probabilities of sum 1, but b.pkl do',
        ),
        (P, 'sigmoid', "after softmax, so --activation must be 'softmax' or left out"),
        ((Z[0], expit(Z[1])), 'softmax', "b.pkl .* must be 'sigmoid' .* got 'softmax'"),
    ],
)
def test_contradictions_are_refused(values, asked, message):
    with pytest.raises(ScoreFileError, match=message):
        prepare(joined(*values), before_softmax=True, activation=asked)


def test_probabilities_that_say_nothing_are_noted():
    values = P.astype(np.float32)
    values[1, :3, 0] = 0
    values[1] /= values[1].sum(axis=1, keepdims=True)
    prepared = prepare(joined(*values), before_softmax=True)
    (note,) = prepared.notes
    assert note.startswith(
        'b.pkl: 3 of 360 probabilities are exactly 0; before softmax'
    )
    assert np.isfinite(prepared.values).all()
    assert prepare(joined(*values), before_softmax=False).notes == ()
    ones = expit(Z).astype(np.float32)
    ones[0, 0] = 1
    (note,) = prepare(joined(*ones), before_softmax=True).notes
    assert note.startswith('a.pkl: 6 of 360 probabilities are exactly 0 or 1; before s')


@pytest.mark.parametrize('before', [True, False])
def test_each_stream_alone_and_fused(before):
    result = compare(prepare(joined(*P), before_softmax=before), [1, 1.5])
    assert result.weights == (1.0, 1.5)
    for alone, values in zip(result.alone, P):
        assert alone == pytest.approx(evaluate(values, LABELS))
    assert result.fused == pytest.approx(evaluate(result.probabilities, LABELS))
    assert result.fused not in result.alone


def test_without_labels_nothing_is_measured():
    result = compare(prepare(joined(*P, labels=None), before_softmax=True), [1, 1])
    assert result.alone == ({}, {})
    assert result.fused == {}
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1)


def test_wrong_weights():
    with pytest.raises(ValueError, match='2 streams need 2 weights'):
        compare(prepare(joined(*P), before_softmax=True), [1])


def validation(*values, labels=LABELS):
    there = joined(*values, labels=labels, folder='val')
    return prepare(there, before_softmax=True)


OTHER = [toy_probabilities(LABELS, 6, seed=seed) for seed in (3, 4)]


@pytest.mark.parametrize('before', [True, False])
def test_weights_found_do_best_on_the_validation_data(before):
    held_out = prepare(joined(*OTHER, folder='val'), before_softmax=before)
    found = search(held_out, joined(*P))
    assert found.metric == 'top1'
    result = compare(held_out, found.weights)
    assert result.fused['top1'] == found.value
    assert found.value >= max(own['top1'] for own in result.alone)
    # the data that are tested have no say in it
    assert search(held_out, joined(*P[::-1])) == found


def test_several_labels_are_searched_by_average_precision():
    found = search(validation(*OTHER, labels=HOT), joined(*P, labels=HOT))
    assert found.metric == 'mean_average_precision'
    chosen = search(validation(*OTHER), joined(*P), metric='mean_average_precision')
    assert chosen.metric == 'mean_average_precision'


@pytest.mark.parametrize(
    ('held_out', 'message'),
    [
        (
            validation(*OTHER[:1]),
            'one validation file for each of the 2 streams.*got 1',
        ),
        (
            validation(*softmax(Z[..., :5], axis=2)),
            'val/a.pkl has 5 classes, but a.pkl has',
        ),
        (validation(*OTHER, labels=None), 'has no labels, and a search needs them'),
        (
            prepare(joined(*OTHER), before_softmax=True),
            'a.pkl holds the predictions th',
        ),
        # a copy under another name
        (validation(OTHER[0], P[1]), 'search on a validation list'),
    ],
)
def test_validation_data_that_do_not_fit(held_out, message):
    with pytest.raises(ScoreFileError, match=message):
        search(held_out, joined(*P))
