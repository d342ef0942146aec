"""FLOPs against hand-made counts; models that change when they first run."""

import pytest
import torch
from mmaction.models.heads import TPNHead
from torch import nn

from tpn_tsn_plugin.analysis.benchmark.flops import count_flops, count_parameters


class Toy(nn.Module):
    """A convolution of 3x3 and a classifier."""

    def __init__(self, heads=1):
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)
        self.fc_cls = nn.Linear(4, 5)
        self.heads = heads

    def forward(self, inputs, mode, stage):
        assert (mode, stage) == ('tensor', 'head')
        assert not self.training
        x = inputs['imgs'] if isinstance(inputs, dict) else inputs
        scores = self.fc_cls(self.conv(x.flatten(0, 1)).mean((2, 3)))
        if self.heads == 1:
            return scores
        return {str(i): scores + i for i in range(self.heads)}


# 6x6 positions, 4 outputs of 27 products each, two frames; then 4 by 5
EXPECTED = 2 * (36 * 4 * 27 + 20)


def test_hand_made_count():
    assert count_parameters(Toy()) == 3 * 9 * 4 + 4 + 4 * 5 + 5
    assert count_flops(Toy(), torch.rand(1, 2, 3, 8, 8)) == EXPECTED


def test_inputs_and_scores_by_name():
    inputs = dict(imgs=torch.rand(1, 2, 3, 8, 8), flow_imgs=torch.rand(1))
    assert count_flops(Toy(heads=2), inputs) == EXPECTED


def test_model_is_left_as_it_is():
    model = Toy().train()
    count_flops(model, torch.rand(1, 2, 3, 8, 8))
    assert model.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert not model._forward_hooks


class ToyPyramid(nn.Module):
    """MMAction2's head adds a module to itself when it first runs."""

    def __init__(self):
        super().__init__()
        self.cls_head = TPNHead(num_classes=5, in_channels=4)

    def forward(self, inputs, mode, stage):
        return self.cls_head(inputs[0])


def test_head_that_grows_when_it_runs():
    model = ToyPyramid()
    assert count_flops(model, torch.rand(1, 2, 4, 1, 7, 7)) == 2 * 20
    assert model.cls_head.avg_pool2d is None


def test_failure_of_the_model_is_its_own():
    with pytest.raises(RuntimeError, match='expected input'):
        count_flops(Toy(), torch.rand(1, 2, 4, 8, 8))
