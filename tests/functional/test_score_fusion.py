"""Score fusion by hand-computed numbers, and against MMAction2's own functions."""

import numpy as np
import pytest
from mmaction.evaluation import (
    get_weighted_score,
    mean_average_precision,
    mean_class_accuracy,
)
from scipy.special import expit, softmax

from tpn_tsn_plugin.functional.score_fusion import (
    activate,
    before_activation,
    check_weights,
    evaluate,
    find_activation,
    weighted_mean,
)


def scores(*shape, seed=0, scale=2.0):
    return np.random.default_rng(seed).normal(scale=scale, size=shape)


@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8'])
@pytest.mark.parametrize(
    ('values', 'activation'),
    [
        (softmax(scores(20, 50), axis=1), 'softmax'),
        (expit(scores(20, 50)), 'sigmoid'),
        (scores(20, 50), None),
        # all above 0, as after a ReLU
        (np.abs(scores(20, 50)), None),
        (np.array([[0.2, 0.8], [1.0, 0.0]]), 'softmax'),
        (np.array([[0.2, 0.8], [1.0, 0.5]]), 'sigmoid'),
    ],
)
def test_what_a_dump_holds_is_told_from_its_values(values, activation, dtype):
    assert find_activation(values.astype(dtype)) == activation


def test_logarithm_is_the_score_up_to_a_constant_per_sample():
    z = scores(5, 7)
    difference = before_activation(softmax(z, axis=1), 'softmax') - z
    np.testing.assert_allclose(difference, difference[:, :1] * np.ones(7))
    assert np.ptp(difference[:, 0]) > 0.1
    np.testing.assert_allclose(before_activation(expit(z), 'sigmoid'), z)
    np.testing.assert_array_equal(before_activation(z, None), z)


@pytest.mark.parametrize('activation', ['softmax', 'sigmoid'])
def test_activation_is_undone_and_done_again(activation):
    probabilities = activate(scores(5, 7), activation)
    again = activate(before_activation(probabilities, activation), activation)
    np.testing.assert_allclose(again, probabilities)
    assert find_activation(probabilities) == activation


@pytest.mark.parametrize('dtype', ['f2', 'f4', 'f8'])
def test_limits_of_a_number_type_stay_finite_and_in_order(dtype):
    limits = np.finfo(dtype)
    least, nearly_one = limits.smallest_subnormal, 1 - limits.epsneg
    row = np.array([[0, least, 0.5, nearly_one, 1]], dtype=dtype)
    for activation in ('softmax', 'sigmoid'):
        (held,) = before_activation(row, activation)
        assert np.isfinite(held).all()
        assert (np.diff(held) >= 0).all()
        assert held[1] < held[2] < held[3]
        # what cannot be held counts as the nearest that can
        assert held[0] == held[1]
    assert held[3] == held[4]


def test_unknown_activation_is_refused():
    with pytest.raises(ValueError, match=r"one of .*'sigmoid'.*, got 'relu'"):
        activate(np.zeros((1, 2)), 'relu')


def test_fusion_is_the_weighted_mean():
    streams = np.array([[[1.0, 0, 4]], [[3.0, 8, 0]]])
    np.testing.assert_allclose(weighted_mean(streams, [1, 3]), [[2.5, 6, 1]])
    np.testing.assert_allclose(weighted_mean(streams, [0, 2]), streams[1])


def test_fusion_orders_as_mmaction2s_weighted_sum():
    streams = scores(3, 10, 5)
    theirs = np.array(get_weighted_score(list(map(list, streams)), [1, 1.5, 0.5]))
    np.testing.assert_allclose(3 * weighted_mean(streams, [1, 1.5, 0.5]), theirs)


@pytest.mark.parametrize('before', [True, False])
def test_fusion_of_a_fusion_is_the_fusion_of_all(before):
    z = scores(3, 10, 5)
    p = softmax(z, axis=2)

    def fuse(probabilities, weights):
        if not before:
            return weighted_mean(probabilities, weights)
        undone = [before_activation(own, 'softmax') for own in probabilities]
        return softmax(weighted_mean(np.stack(undone), weights), axis=1)

    first = fuse(p[:2], [1, 1.5])
    twice = fuse(np.stack([first, p[2]]), [2.5, 0.5])
    np.testing.assert_allclose(twice, fuse(p, [1, 1.5, 0.5]))
    if before:
        # and that of the scores themselves
        np.testing.assert_allclose(
            twice, softmax(weighted_mean(z, [1, 1.5, 0.5]), axis=1)
        )


@pytest.mark.parametrize(
    ('weights', 'message'),
    [
        ([1], r'2 streams need 2 weights, .* got 1 \(1\)'),
        ([1, 1.5, 0.5], r'got 3 \(1, 1.5, 0.5\)'),
        ([1, -0.5], 'from 0 on, and not all of them 0, got 1, -0.5'),
        ([0, 0], 'not all of them 0, got 0, 0'),
        ([1, float('nan')], 'got 1, nan'),
        ([1, float('inf')], 'got 1, inf'),
    ],
)
def test_wrong_weights_are_refused(weights, message):
    with pytest.raises(ValueError, match=message):
        check_weights(weights, 2)
    with pytest.raises(ValueError, match=message):
        weighted_mean(np.zeros((2, 1, 3)), weights)


def test_metrics_by_hand():
    # the true class comes first, third, sixth and second
    labels = np.array([0, 1, 1, 5])
    probabilities = np.array(
        [
            [0.6, 0.1, 0.1, 0.1, 0.05, 0.05],
            [0.3, 0.2, 0.25, 0.1, 0.1, 0.05],
            [0.3, 0.02, 0.28, 0.2, 0.15, 0.05],
            [0.1, 0.15, 0.05, 0.1, 0.35, 0.25],
        ]
    )
    found = evaluate(probabilities, labels)
    assert found['top1'] == 0.25
    assert found['top5'] == 0.75
    # classes 0, 1 and 5 have samples; only that of class 0 is right
    assert found['mean_class_accuracy'] == pytest.approx(1 / 3)
    # class 0: rank 1; class 1: ranks 1 and 4 of 4; class 5: rank 1
    assert found['mean_average_precision'] == pytest.approx(
        (1 + (1 + 2 / 4) / 2 + 1) / 3
    )


def test_up_to_five_classes_have_no_top_5():
    found = evaluate(np.eye(5), np.arange(5))
    assert list(found) == ['top1', 'mean_class_accuracy', 'mean_average_precision']
    assert set(found.values()) == {1.0}


def test_metrics_equal_mmaction2s_where_every_class_has_a_sample():
    labels = np.random.default_rng(1).permutation(np.arange(60) % 12)
    probabilities = softmax(scores(60, 12), axis=1)
    found = evaluate(probabilities, labels)
    theirs = mean_class_accuracy(list(probabilities), labels.tolist())
    assert found['mean_class_accuracy'] == pytest.approx(theirs)
    hot = list(np.eye(12)[labels])
    theirs = mean_average_precision(list(probabilities), hot)
    assert found['mean_average_precision'] == pytest.approx(theirs)


def test_class_without_sample_has_no_accuracy():
    probabilities = np.array([[0.6, 0.3, 0.1], [0.1, 0.2, 0.7]])
    labels = np.array([0, 1])
    assert evaluate(probabilities, labels)['mean_class_accuracy'] == 0.5
    # MMAction2 counts class 2, which was only predicted, as a third that is wrong
    theirs = mean_class_accuracy(list(probabilities), labels.tolist())
    assert theirs == pytest.approx(1 / 3)


def test_several_labels_a_sample_have_an_average_precision_only():
    labels = np.array([[1, 1, 0], [0, 1, 0], [0, 0, 0]], dtype=bool)
    probabilities = np.array([[0.9, 0.3, 0.5], [0.2, 0.4, 0.5], [0.1, 0.35, 0.9]])
    # class 0: rank 1; class 1: ranks 1 and 3; class 2 has no video
    expected = (1 + (1 + 2 / 3) / 2) / 2
    assert evaluate(probabilities, labels) == {
        'mean_average_precision': pytest.approx(expected)
    }
