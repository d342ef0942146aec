"""Consensus modules: what they learn, how they start, what they refuse."""

import re

import pytest
import torch
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.functional.consensus import attention_consensus, average_consensus
from tpn_tsn_plugin.functional.window_integration import integrate_windows
from tpn_tsn_plugin.registry import MODELS

N, K, C, CLASSES = 2, 5, 3, 4

EVERY = [
    dict(type='AvgConsensus'),
    dict(type='AvgConsensus', dim=1),
    dict(type='MaxConsensus'),
    dict(type='TopKConsensus', k=3),
    dict(type='LinearConsensus', num_segments=K),
    dict(type='AttentionConsensus', in_channels=C),
    dict(type='TemporalWindowConsensus'),
    dict(type='TemporalWindowConsensus', window_pooling='attention', in_channels=C),
]


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


@pytest.mark.parametrize('config', EVERY, ids=str)
def test_segments_become_one(config):
    module = MODELS.build(config)
    scores = torch.randn(N, K, CLASSES, requires_grad=True)
    result = module(scores, torch.randn(N, K, C))
    assert result.shape == (N, CLASSES)
    result.sum().backward()
    assert scores.grad.abs().sum() > 0
    # the order in which videos stand in a batch changes nothing
    features = torch.randn(N, K, C)
    torch.testing.assert_close(
        module(scores.flip(0), features.flip(0)), module(scores, features).flip(0)
    )


@pytest.mark.parametrize('kind', ['LinearConsensus', 'AttentionConsensus'])
def test_learned_weights_start_as_the_mean_and_learn(kind):
    option = dict(num_segments=K) if kind == 'LinearConsensus' else dict(in_channels=C)
    module = MODELS.build(dict(type=kind, **option))
    scores, features = torch.randn(N, K, CLASSES), torch.randn(N, K, C)
    result = module(scores, features)
    torch.testing.assert_close(result, average_consensus(scores))
    result.square().sum().backward()
    assert module.weight.grad.abs().min() > 0


def test_attention_uses_its_weight():
    module = MODELS.build(dict(type='AttentionConsensus', in_channels=C))
    torch.nn.init.normal_(module.weight)
    scores, features = torch.randn(N, K, CLASSES), torch.randn(N, K, C)
    expected = attention_consensus(scores, features, module.weight)
    assert torch.equal(module(scores, features), expected)
    assert not torch.allclose(expected, average_consensus(scores))


def test_windows_use_their_options():
    module = MODELS.build(
        dict(
            type='TemporalWindowConsensus',
            window_sizes=(2, 3),
            overlap=0.5,
            window_top_k=2,
        )
    )
    scores = torch.randn(N, 20, CLASSES)
    expected = integrate_windows(scores, (2, 3), 0.5, top_k=2)
    assert torch.equal(module(scores), expected)


def test_attention_over_windows_needs_features():
    module = MODELS.build(EVERY[-1])
    with pytest.raises(ValueError, match='needs the features of the snippets'):
        module(torch.randn(N, K, CLASSES))


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (dict(type='AvgConsensus', dim=2), 'dim must be one of [1], got 2'),
        (dict(type='TopKConsensus', k=0), 'k must be a whole number from 1 on'),
        (dict(type='TopKConsensus', k=True), 'k must be a whole number from 1 on'),
        (
            dict(type='LinearConsensus', num_segments=0),
            'num_segments must be a whole number',
        ),
        (
            dict(type='AttentionConsensus', in_channels=None),
            'in_channels must be a whole number from 1 on, got None',
        ),
        (
            dict(type='TemporalWindowConsensus', window_pooling='mean'),
            "window_pooling must be one of ['top_k', 'attention'], got 'mean'",
        ),
        (
            dict(type='TemporalWindowConsensus', in_channels=3),
            "in_channels=3 is for window_pooling='attention' only",
        ),
        (
            dict(type='TemporalWindowConsensus', window_pooling='attention'),
            'in_channels must be a whole number from 1 on, got None',
        ),
        (
            dict(
                type='TemporalWindowConsensus',
                window_pooling='attention',
                in_channels=3,
                window_top_k=5,
            ),
            "window_top_k=5 is for window_pooling='top_k'",
        ),
        (
            dict(type='TemporalWindowConsensus', window_sizes=()),
            'window_sizes must name at least one size',
        ),
    ],
)
def test_wrong_options_are_refused(config, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        MODELS.build(config)
