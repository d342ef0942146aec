"""Consensus functions against the formulas of the TSN paper, values and gradients."""

import re

import pytest
import torch

from tpn_tsn_plugin.functional.consensus import (
    attention_consensus,
    average_consensus,
    linear_consensus,
    max_consensus,
    topk_consensus,
)

N, C, CLASSES = 2, 3, 4
SEGMENTS = range(1, 10)


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(
        *shape, generator=generator, dtype=torch.float64
    ).requires_grad_()


def jacobian(function, scores):
    """d g_i / d f_i^k of sample 0 as (K, classes); other derivatives must be zero."""
    full = torch.autograd.functional.jacobian(function, scores)
    own = torch.stack([full[0, i, 0, :, i] for i in range(CLASSES)], dim=1)
    other = full.clone()
    for n in range(N):
        for i in range(CLASSES):
            other[n, i, n, :, i] = 0
    assert not other.any()
    return own


@pytest.mark.parametrize('segments', SEGMENTS)
def test_average(segments):
    scores = draw(N, segments, CLASSES)
    expected = sum(scores[:, k] for k in range(segments)) / segments
    torch.testing.assert_close(average_consensus(scores), expected)
    expected = torch.full((segments, CLASSES), 1 / segments, dtype=torch.float64)
    torch.testing.assert_close(jacobian(average_consensus, scores), expected)
    assert torch.autograd.gradcheck(average_consensus, scores)


@pytest.mark.parametrize('segments', SEGMENTS)
def test_max(segments):
    scores = draw(N, segments, CLASSES)
    result = max_consensus(scores)
    for n in range(N):
        for i in range(CLASSES):
            assert result[n, i] == max(scores[n, k, i] for k in range(segments))
    slope = jacobian(max_consensus, scores)
    for i in range(CLASSES):
        best = max(range(segments), key=lambda k: scores[0, k, i].item())
        assert slope[:, i].tolist() == [float(k == best) for k in range(segments)]
    assert torch.autograd.gradcheck(max_consensus, scores)


def test_max_of_equal_scores_has_one_winner():
    scores = torch.zeros(1, 3, 2, dtype=torch.float64, requires_grad=True)
    max_consensus(scores).sum().backward()
    assert scores.grad.sum(dim=1).tolist() == [[1.0, 1.0]]
    assert set(scores.grad.flatten().tolist()) == {0.0, 1.0}


@pytest.mark.parametrize(
    ('segments', 'k'), [(n, k) for n in SEGMENTS for k in range(1, n + 1)]
)
def test_top_k(segments, k):
    scores = draw(N, segments, CLASSES)

    def consensus(x):
        return topk_consensus(x, k)

    result, slope = consensus(scores), jacobian(consensus, scores)
    for i in range(CLASSES):
        column = scores[0, :, i].tolist()
        chosen = sorted(range(segments), key=lambda s: -column[s])[:k]
        assert result[0, i].item() == pytest.approx(sum(column[s] for s in chosen) / k)
        expected = [1 / k if s in chosen else 0.0 for s in range(segments)]
        assert slope[:, i].tolist() == pytest.approx(expected)
    assert torch.autograd.gradcheck(consensus, scores)


@pytest.mark.parametrize('segments', SEGMENTS)
def test_top_k_between_maximum_and_mean(segments):
    scores = draw(N, segments, CLASSES)
    assert torch.equal(topk_consensus(scores, 1), max_consensus(scores))
    torch.testing.assert_close(
        topk_consensus(scores, segments), average_consensus(scores)
    )


@pytest.mark.parametrize('segments', SEGMENTS)
def test_linear(segments):
    scores, weight = draw(N, segments, CLASSES), draw(segments, seed=1)
    expected = sum(weight[k] * scores[:, k] for k in range(segments))
    torch.testing.assert_close(linear_consensus(scores, weight), expected)
    # d g_i / d f_i^k = w_k, d g_i / d w_k = f_i^k
    slope = jacobian(lambda x: linear_consensus(x, weight), scores)
    torch.testing.assert_close(slope, weight[:, None].expand(-1, CLASSES))
    by_weight = torch.autograd.functional.jacobian(
        lambda w: linear_consensus(scores, w), weight
    )
    torch.testing.assert_close(by_weight, scores.transpose(1, 2))
    assert torch.autograd.gradcheck(linear_consensus, (scores, weight))


@pytest.mark.parametrize('segments', SEGMENTS)
def test_attention(segments):
    scores = draw(N, segments, CLASSES)
    features, weight = draw(N, segments, C, seed=1), draw(C, seed=2)
    energy = [
        [weight.dot(features[n, k]).item() for k in range(segments)] for n in (0, 1)
    ]
    power = torch.tensor(energy, dtype=torch.float64).exp()
    attention = power / power.sum(dim=1, keepdim=True)
    expected = sum(attention[:, k, None] * scores[:, k] for k in range(segments))
    result = attention_consensus(scores, features, weight)
    torch.testing.assert_close(result, expected)

    slope = jacobian(lambda x: attention_consensus(x, features, weight), scores)
    torch.testing.assert_close(slope, attention[0, :, None].expand(-1, CLASSES))
    # d A_k / d e_l = A_k (1 - A_k) for l = k, else - A_k A_l; d e_l / d w = R_l
    eye = torch.eye(segments, dtype=torch.float64)
    for n in range(N):
        a = attention[n]
        by_energy = a[:, None] * (eye - a[None])
        expected = scores[n].T @ by_energy @ features[n]
        by_weight = torch.autograd.functional.jacobian(
            lambda w: attention_consensus(scores, features, w), weight
        )
        torch.testing.assert_close(by_weight[n], expected)
    assert torch.autograd.gradcheck(attention_consensus, (scores, features, weight))


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (
            lambda: topk_consensus(torch.zeros(1, 3, 2), 4),
            'k=4 must not exceed the number of segments, got 3; lower k',
        ),
        (
            lambda: topk_consensus(torch.zeros(1, 3, 2), 0),
            'k must be a whole number from 1 on, got 0',
        ),
        (
            lambda: linear_consensus(torch.zeros(1, 25, 2), torch.zeros(3)),
            'num_segments=3, got 25 segments; give as many (num_clips of the sampler), '
            'or set test_consensus',
        ),
        (
            lambda: attention_consensus(
                torch.zeros(1, 3, 2), torch.zeros(1, 3, 8), torch.zeros(4)
            ),
            'in_channels=4 of the attention must equal the channels of the features, '
            'got 8',
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
