"""The necks that are a temporal pyramid, MMAction2's and this package's."""

from typing import NamedTuple

from mmaction.models.necks import TPN
from torch import nn

from tpn_tsn_plugin.models.necks.tpn import TemporalPyramidNeck


class Pyramid(NamedTuple):
    """What the weights of a temporal pyramid do not tell.

    Attributes:
        information_flow: How levels exchange features.
        temporal_rates: By how much each level is pooled along time.
    """

    information_flow: str
    temporal_rates: tuple[int, ...]


def pyramid_of(model: nn.Module) -> Pyramid | None:
    """The options of a model's pyramid, None where its neck is none."""
    neck = getattr(model, 'neck', None)
    if isinstance(neck, TemporalPyramidNeck):
        return Pyramid(neck.information_flow.name, neck.temporal_rates)
    if isinstance(neck, TPN):
        pools = (op.pool.kernel_size for op in neck.temporal_modulation_ops)
        return Pyramid(neck.flow_type, tuple(size[0] for size in pools))
    return None
