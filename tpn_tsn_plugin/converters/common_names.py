"""Names under which MMAction2's models and this package's meet.

A backbone's weights have torchvision's names below the backbone's own, a pyramid's
those of ``TemporalPyramidNeck``, all others those of MMAction2.
"""

from typing import Any

from torch import nn

from tpn_tsn_plugin.functional.weight_names import canonical_name
from tpn_tsn_plugin.models.necks.tpn.mmaction2 import rename_mmaction2_keys

from .pyramids import pyramid_of


def common_name(name: str, model: nn.Module) -> str:
    """Name a weight of a recogniser in the one way for all sources and models.

    Args:
        name: MMAction2's name, or this package's.
        model: The model that the weight is for; its pyramid knows which level has the
            auxiliary head.
    """
    part, _, rest = name.partition('.')
    if part.endswith('backbone'):
        return f'{part}.{canonical_name(rest)}'
    if part == 'neck' and pyramid_of(model) is not None:
        keys: dict[str, Any] = {name: None}
        rename_mmaction2_keys(model.neck, keys, 'neck.')
        (name,) = keys
    return name
