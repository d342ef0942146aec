"""Bringing a checkpoint's weights to another backbone of the same architecture.

The other backbone may use other names, take other input, or have 3D convolutions where
the checkpoint has 2D ones. Nothing is copied here; what would be is returned.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.functional.cross_modality import (
    extend_by_mean_kernel,
    inflate_kernel,
    repeat_mean_kernel,
)
from tpn_tsn_plugin.functional.weight_names import canonical_name, match_names

SHOWN_NAMES = 3
# Characters; parts of parts of parts take a hundred.
LONGEST_NAME = 1000


@dataclass
class WeightTransfer:
    """What of a checkpoint goes where.

    Attributes:
        weights: Value for each weight of the backbone, by the backbone's name.
        changed: Kernels that take other input than the checkpoint's.
        inflated: Kernels that were spread over time.
        left: The checkpoint's names that are no part of a backbone.
        missing: The backbone's names that the checkpoint lacks.
        unexpected: The checkpoint's names that the backbone lacks.
        misshapen: Names of both with the checkpoint's shape and the backbone's.
    """

    weights: dict[str, Tensor] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    inflated: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)

    @property
    def misfits(self) -> dict[str, list[str]]:
        """The names that did not fit, by what is wrong with them."""
        kinds = {
            'missing in it': self.missing,
            'of another shape': self.misshapen,
            'unknown to the backbone': self.unexpected,
        }
        return {kind: names for kind, names in kinds.items() if names}


def plan_transfer(
    source: Mapping[str, Tensor],
    target: Mapping[str, Tensor],
    *,
    input_kernels: Collection[str] = (),
    keep_rgb: bool = False,
    allow_unmatched: Sequence[str] = (),
) -> WeightTransfer:
    """Find a value for each weight of a backbone in a checkpoint.

    2D kernels are spread over time where the backbone's are 3D.

    Args:
        source: The checkpoint's weights: a whole model's or a backbone's.
        target: The backbone's weights.
        input_kernels: Those of the target's kernels that meet the input. They may have
            other input channels than the checkpoint's, which are averaged then.
        keep_rgb: Keep the checkpoint's channels, and average for the others only.
        allow_unmatched: Beginnings of canonical names (torchvision's) that need not be
            on both sides.

    Returns:
        The values, and all names that have none.

    Raises:
        ValueError: ``keep_rgb`` with too few channels.
    """
    names = match_names(source, target)
    allowed = tuple(allow_unmatched)
    transfer = WeightTransfer(
        left=names.left,
        missing=[n for n in names.missing if not _begins(n, allowed)],
        unexpected=[n for n in names.unexpected if not _begins(n, allowed)],
    )
    transfer.left += [n for n in names.unexpected if _begins(n, allowed)]
    for name, source_name in names.sources.items():
        wanted = target[name].shape
        came = _without_leading_axis(source[source_name].detach(), wanted)
        value = came.to(target[name].dtype)
        if name in input_kernels and value.ndim >= 4 and value.shape[1] != wanted[1]:
            adapt = extend_by_mean_kernel if keep_rgb else repeat_mean_kernel
            value = adapt(value, wanted[1])
            transfer.changed.append(name)
        if value.ndim == 4 and len(wanted) == 5:
            value = inflate_kernel(value, wanted[2])
            if wanted[2] > 1:
                transfer.inflated.append(name)
        if value.shape == wanted:
            transfer.weights[name] = value
        else:
            transfer.misshapen.append(f'{name} {tuple(came.shape)} for {tuple(wanted)}')
    return transfer


def empty_places(backbone: nn.Module) -> list[str]:
    """Beginnings of the names of parts that were taken out of a backbone.

    A two-stream network leaves an ``nn.Identity`` where it cuts a stream. A checkpoint
    of the whole backbone may still have these weights.
    """
    return [
        f'{name}.'
        for name, module in backbone.named_modules()
        if isinstance(module, nn.Identity)
    ]


def weights_of(checkpoint: Any, filename: str) -> dict[str, Tensor]:
    """The weights in a loaded checkpoint, whether with other entries or alone.

    Raises:
        CheckpointError: There are none, or what stands for one is not.
    """
    entries = checkpoint.get('state_dict', checkpoint) if _is_dict(checkpoint) else {}
    weights = {
        name: value
        for name, value in (entries.items() if _is_dict(entries) else ())
        if isinstance(name, str) and isinstance(value, Tensor)
    }
    if not weights:
        raise CheckpointError(
            f'{filename} holds no weights; expected a state_dict, or a dict with one '
            "under 'state_dict'"
        )
    for name, value in weights.items():
        _require_weight(name, value, filename)
    return weights


def _require_weight(name: str, value: Tensor, filename: str) -> None:
    """Refuse what no model writes, which copying and averaging would stumble over.

    A few bytes can stand for a tensor that fills the memory, by strides of zero, and a
    name can write to the terminal more than itself.
    """
    if not name.isprintable() or len(name) > LONGEST_NAME:
        raise CheckpointError(
            f'{filename} has a key that is no name of a weight, {name[:80]!r}'
        )
    plain = value.layout == torch.strided and value.device.type != 'meta'
    held = value.untyped_storage().nbytes() if plain else 0
    if not plain or held < value.numel() * value.element_size():
        raise CheckpointError(
            f'{filename}: {name} is no plain tensor, or holds fewer numbers than it '
            'says; give a checkpoint that training wrote'
        )


def summarise(names: Sequence[str]) -> str:
    """The first few of some names, and how many more there are."""
    more = len(names) - SHOWN_NAMES
    return ', '.join(names[:SHOWN_NAMES]) + (f' and {more} more' if more > 0 else '')


def describe_misfits(transfer: WeightTransfer) -> str:
    """Say in one line what did not fit; empty where all did."""
    return '; '.join(
        f'{len(names)} {kind}: {summarise(names)}'
        for kind, names in transfer.misfits.items()
    )


def _begins(name: str, beginnings: tuple[str, ...]) -> bool:
    return canonical_name(name).startswith(beginnings)


def _without_leading_axis(value: Tensor, wanted: Sequence[int]) -> Tensor:
    """PyTorch before 0.4 saved the weights of normalisations as (1, C)."""
    return value[0] if value.shape == (1, *wanted) else value


def _is_dict(value: Any) -> bool:
    return isinstance(value, Mapping)
