"""The hinge loss by hand."""

import pytest
import torch

from tpn_tsn_plugin.registry import MODELS

SCORES = torch.tensor([[2.0, -3.0, 0.5], [0.0, 0.0, 0.0]])
# y = 1: max(0, 1 - s); y = -1: max(0, 1 + s).
FIRST, SECOND = [0.0, 0.0, 1.5], [1.0, 1.0, 1.0]


@pytest.mark.parametrize('power', [1, 2])
def test_formula(power):
    loss = MODELS.build(dict(type='HingeLoss', power=power))
    value = loss(SCORES, torch.tensor([0, 1]))
    expected = sum(v**power for v in FIRST + SECOND) / 2
    assert value.item() == pytest.approx(expected)


def test_multi_hot_labels():
    loss = MODELS.build(dict(type='HingeLoss'))
    several = torch.tensor([[1.0, 0.0, 1.0]])
    assert loss(SCORES[:1], several).item() == pytest.approx(0.5)


def test_weight_and_gradient():
    loss = MODELS.build(dict(type='HingeLoss', loss_weight=2.0))
    scores = SCORES.clone().requires_grad_()
    loss(scores, torch.tensor([0, 1])).backward()
    # Twice the sign, a half a sample, none beyond the margin.
    assert scores.grad.tolist() == [[0, 0, 1], [1, -1, 1]]


def test_unknown_power():
    with pytest.raises(ValueError, match=r'power must be one of \[1, 2\], got 3'):
        MODELS.build(dict(type='HingeLoss', power=3))
