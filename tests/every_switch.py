"""Switches for speed and memory of training, on in the models that the tests make.

``python -m pytest tests/models --every-switch``: 3D convolutions with flat kernels of
residual blocks and of our pyramids are computed as 2D ones, and their activations again
in the backward pass. Nothing that a test compares may change; MMAction2's own necks and
heads, which ours are compared with, stay as they are. Testing's switch compares scores
itself whenever it is used, and has tests of its own.
"""

from functools import wraps
from typing import Any

# First: without it MMAction2's models cannot be imported.
from tpn_tsn_plugin.models import TemporalPyramidNeck

# isort: split
from mmaction.models.backbones import resnet, resnet3d
from torch import nn

from tpn_tsn_plugin.engine.acceleration import timing
from tpn_tsn_plugin.engine.acceleration.recomputation import recompute

PARTS: tuple[type[nn.Module], ...] = (
    resnet.BasicBlock,
    resnet.Bottleneck,
    resnet3d.BasicBlock3d,
    resnet3d.Bottleneck3d,
    TemporalPyramidNeck,
)


def switch_on() -> None:
    """Treat all such parts that are made from now on."""
    for part in PARTS:
        _treat_after_init(part)


def _treat_after_init(made: type[nn.Module]) -> None:
    init = made.__init__

    @wraps(init)
    def init_and_treat(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        # A class derived from it is not whole yet.
        if type(self) is made:
            timing.apply(self, timing.force(self, flat=True))
            recompute(self, 'narrow')

    made.__init__ = init_and_treat  # type: ignore[method-assign]
