"""Checks of the neck's options and of the maps that come in.

Each raises ``ValueError`` in one line: what came, what is allowed, what to do.
"""

from collections.abc import Sequence
from numbers import Integral
from typing import Any

from torch import Tensor

DEFAULT_INIT = [
    dict(type='Xavier', layer='Conv3d', distribution='uniform'),
    dict(type='Constant', layer='_BatchNorm', val=1),
    dict(type='Normal', layer='Linear', std=0.01),
]
_AUX_OPTIONS = ('num_classes', 'loss_weights', 'dropout_ratio', 'loss_cls')


def check_rates(rates: Sequence[int], source: str) -> tuple[int, ...]:
    """Temporal rates: whole numbers from 1 on, not falling; rising if sampled."""
    if isinstance(rates, str) or not isinstance(rates, Sequence) or len(rates) < 2:
        raise ValueError(
            f'temporal_rates must be two or more whole numbers, one a level, '
            f'got {rates!r}'
        )
    if any(not isinstance(r, Integral) or isinstance(r, bool) or r < 1 for r in rates):
        raise ValueError(
            f'temporal_rates must be whole numbers from 1 on, got {tuple(rates)}'
        )
    if list(rates) != sorted(rates):
        raise ValueError(
            'temporal_rates must not fall from the lowest level to the top, got '
            f'{tuple(rates)}; did you mean {tuple(sorted(rates))}?'
        )
    if source == 'single_depth' and len(set(rates)) < len(rates):
        raise ValueError(
            "temporal_rates of source='single_depth' must differ (r_1 < … < r_M), got "
            f'{tuple(rates)}'
        )
    return tuple(int(r) for r in rates)


def check_widths(
    in_channels: int | Sequence[int], source: str, num_levels: int
) -> tuple[int, ...]:
    """Channels of the M levels."""
    came = (in_channels,) if isinstance(in_channels, int) else tuple(in_channels)
    if source == 'single_depth':
        if len(came) != 1:
            raise ValueError(
                "in_channels of source='single_depth' must be one number, the channels "
                f'of its one map, got {came}'
            )
        return came * num_levels
    if len(came) != num_levels:
        raise ValueError(
            f'in_channels and temporal_rates must have one entry a level, got '
            f'{len(came)} and {num_levels}: in_channels={came}'
        )
    return came


def check_strides(strides: Sequence[int], num_levels: int) -> tuple[int, ...]:
    """Sizes of the levels' maps as multiples of the top's."""
    came = tuple(strides)
    powers = all(isinstance(s, int) and s > 0 and s & (s - 1) == 0 for s in came)
    if len(came) != num_levels or not powers or came[-1] != 1:
        raise ValueError(
            f'spatial_strides must be {num_levels} powers of two that end with 1 for '
            f'the top, such as {tuple(2**i for i in reversed(range(num_levels)))}, '
            f'got {came}'
        )
    return came


def check_groups(groups: int, widths: Sequence[int]) -> None:
    """Grouped convolutions need channels that the groups divide."""
    wrong = [width for width in widths if width % groups]
    if wrong:
        raise ValueError(
            f'groups={groups} must divide the channels {list(widths)}, but not '
            f'{wrong[0]}; choose another groups or mid_channels'
        )


def read_aux_head(aux_head: dict, num_heads: int) -> dict[str, Any]:
    """Settings of the auxiliary heads with ``loss_weights`` spelled out.

    Args:
        aux_head: What the user wrote.
        num_heads: M - 1.

    Returns:
        ``num_classes``, ``loss_weights`` (M - 1 numbers), ``dropout_ratio`` and
        ``loss_cls``.
    """
    unknown = sorted(set(aux_head) - set(_AUX_OPTIONS))
    if unknown or 'num_classes' not in aux_head:
        raise ValueError(
            f'aux_head takes num_classes (always) and {list(_AUX_OPTIONS[1:])}, got '
            f'{sorted(aux_head)}'
        )
    weights = aux_head.get('loss_weights', 0.5)
    if not isinstance(weights, Sequence):
        weights = [weights] * num_heads
    if len(weights) != num_heads:
        raise ValueError(
            f'aux_head.loss_weights must be one number for all levels or {num_heads}, '
            f'one for each level below the top, got {len(weights)}: {list(weights)}'
        )
    if any(weight < 0 for weight in weights):
        raise ValueError(
            f'aux_head.loss_weights must not be negative, got {list(weights)}'
        )
    return dict(
        num_classes=aux_head['num_classes'],
        loss_weights=list(weights),
        dropout_ratio=aux_head.get('dropout_ratio', 0.5),
        loss_cls=aux_head.get('loss_cls', dict(type='CrossEntropyLoss')),
    )


def check_maps(
    maps: Sequence[Tensor],
    in_channels: Sequence[int],
    rates: Sequence[int],
    source: str,
) -> None:
    """Number, dimensions, channels and lengths of the backbone's maps."""
    if source == 'single_depth' and len(maps) != 1:
        raise ValueError(
            f"source='single_depth' takes one map, got {len(maps)}; give the backbone "
            "one out_indices entry or use source='multi_depth'"
        )
    if source == 'multi_depth' and len(maps) != len(in_channels):
        raise ValueError(
            f'the neck has {len(in_channels)} levels (in_channels='
            f'{tuple(in_channels)}), but the backbone gives {len(maps)} maps; its '
            f'out_indices must name {len(in_channels)} stages'
        )
    for i, (x, width) in enumerate(zip(maps, in_channels)):
        if x.ndim != 5:
            raise ValueError(
                f'map {i} must have 5 dimensions (N, C, T, H, W), got '
                f'{tuple(x.shape)}; behind a 2D backbone use PyramidRecognizer2D'
            )
        if x.shape[1] != width:
            raise ValueError(
                f'map {i} must have in_channels[{i}]={width} channels, got '
                f'{x.shape[1]}; the maps have {[y.shape[1] for y in maps]}'
            )
    lengths = [x.shape[2] for x in maps] * (len(rates) // len(maps))
    for i, (length, rate) in enumerate(zip(lengths, rates)):
        if rate > length:
            raise ValueError(
                f'temporal_rates[{i}]={rate} is longer than the {length} time steps of '
                f'map {i if len(maps) > 1 else 0}; use rates up to {length} or longer '
                'clips'
            )
