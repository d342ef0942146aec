"""Every switch for speed and memory, on in all models that the tests make.

``python -m pytest tests/models --every-switch``: 3D convolutions with flat kernels are
computed as 2D ones, and residual blocks and pyramids keep next to nothing for their
backward pass. Nothing that a test compares may change.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from mmaction.models.backbones import resnet, resnet3d
from torch import nn

from tpn_tsn_plugin.engine.acceleration.conv3d import compute, ways_of
from tpn_tsn_plugin.engine.acceleration.recomputation import recompute
from tpn_tsn_plugin.models import TemporalPyramidNeck

PARTS = (
    resnet.BasicBlock,
    resnet.Bottleneck,
    resnet3d.BasicBlock3d,
    resnet3d.Bottleneck3d,
    TemporalPyramidNeck,
)


def switch_on() -> None:
    """Treat all models that are made from now on."""
    _after_init(nn.Conv3d, lambda conv: compute(conv, ways_of(conv)[-1]), exactly=False)
    for part in PARTS:
        _after_init(part, lambda module: recompute(module, 'narrow'), exactly=True)


def _after_init(
    made: type[nn.Module], treat: Callable[[Any], None], exactly: bool
) -> None:
    init = made.__init__

    @wraps(init)
    def init_and_treat(self: Any, *args: Any, **kwargs: Any) -> None:
        init(self, *args, **kwargs)
        if type(self) is made if exactly else ways_of(self):
            treat(self)

    made.__init__ = init_and_treat  # type: ignore[method-assign]
