"""Counting a recogniser's parameters and floating point operations."""

import copy
import warnings
from typing import Any

import torch
from mmengine.analysis import FlopAnalyzer
from torch import nn

from .pipelines import Inputs


def count_parameters(model: nn.Module) -> int:
    """Number of parameters."""
    return sum(parameter.numel() for parameter in model.parameters())


def count_flops(model: nn.Module, inputs: Inputs) -> int:
    """FLOPs of backbone, neck and head by MMEngine's counter.

    A multiplication with its addition counts as one.

    Args:
        model: A recogniser; it is left as it is.
        inputs: (N, V·K, C, H, W) or (N, V, C, T, H, W), one tensor or several by name.

    Returns:
        FLOPs for all of ``inputs``.
    """
    try:
        return _count(_Scores(model), inputs)
    except Exception:
        # MMAction2's TPNHead adds a module to itself when it first runs, which a trace
        # that has begun does not know. If that is not the reason, this fails as well.
        scores = _Scores(model)
        with torch.no_grad():
            scores(inputs)
        return _count(scores, inputs)


class _Scores(nn.Module):
    """A copy of a recogniser that gives its heads' scores alone, as a trace needs."""

    def __init__(self, recogniser: nn.Module) -> None:
        super().__init__()
        self.recogniser = copy.deepcopy(recogniser).eval().requires_grad_(False)

    def forward(self, inputs: Inputs) -> Any:
        scores = self.recogniser(inputs, mode='tensor', stage='head')
        return tuple(scores.values()) if isinstance(scores, dict) else scores


def _count(scores: _Scores, inputs: Inputs) -> int:
    with warnings.catch_warnings():
        # What a trace warns of concerns its later use.
        warnings.simplefilter('ignore')
        counter = FlopAnalyzer(scores, (inputs,))
        counter.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
        return int(counter.total())
