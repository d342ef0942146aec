"""Checks of the neck's options and of the maps that come in.

Each raises ``ValueError`` in one line: what came, what is allowed, what to do.
"""

from collections.abc import Sequence
from numbers import Real
from typing import Any

from torch import Tensor

from tpn_tsn_plugin.errors import require_positive_int

_AUX_OPTIONS = ('num_classes', 'loss_weights', 'dropout_ratio', 'loss_cls')


def check_rates(rates: Any, source: str) -> tuple[int, ...]:
    """Temporal rates: whole numbers from 1 on, not falling; rising if sampled."""
    if isinstance(rates, str) or not isinstance(rates, Sequence) or len(rates) < 2:
        raise ValueError(
            f'temporal_rates must be two or more whole numbers, one a level, '
            f'got {rates!r}'
        )
    for i, rate in enumerate(rates):
        require_positive_int(f'temporal_rates[{i}]', rate)
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
    return tuple(int(rate) for rate in rates)


def check_widths(in_channels: Any, source: str, num_levels: int) -> tuple[int, ...]:
    """Channels of the M levels."""
    many = isinstance(in_channels, Sequence) and not isinstance(in_channels, str)
    came = tuple(in_channels) if many else (in_channels,)
    for i, width in enumerate(came):
        require_positive_int(f'in_channels[{i}]' if many else 'in_channels', width)
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


def check_strides(strides: Any, num_levels: int) -> tuple[int, ...]:
    """Sizes of the levels' maps as multiples of the top's."""
    came = tuple(strides) if isinstance(strides, Sequence) else (strides,)
    powers = all(isinstance(s, int) and s > 0 and s & (s - 1) == 0 for s in came)
    if len(came) != num_levels or not powers or came[-1] != 1:
        raise ValueError(
            f'spatial_strides must be {num_levels} powers of two that end with 1 for '
            f'the top, such as {tuple(2**i for i in reversed(range(num_levels)))}, '
            f'got {strides!r}'
        )
    return came


def check_groups(groups: int, widths: Sequence[int]) -> None:
    """Grouped convolutions need channels that the groups divide."""
    require_positive_int('groups', groups)
    wrong = [width for width in widths if width % groups]
    if wrong:
        raise ValueError(
            f'groups={groups} must divide the channels {list(widths)}, but not '
            f'{wrong[0]}; choose another groups or mid_channels'
        )


def refuse_unused(name: str, value: Any, reason: str) -> None:
    """An option that would change nothing is a mistake."""
    if value is not None:
        raise ValueError(f'{name}={value!r} has no effect {reason}; leave it out')


def read_aux_head(aux_head: Any, num_heads: int) -> dict[str, Any]:
    """Settings of the auxiliary heads with ``loss_weights`` spelled out.

    Args:
        aux_head: What the user wrote.
        num_heads: M - 1.

    Returns:
        ``num_classes``, ``loss_weights`` (M - 1 numbers), ``dropout_ratio`` and
        ``loss_cls``.
    """
    known = isinstance(aux_head, dict) and set(aux_head) <= set(_AUX_OPTIONS)
    if not known or 'num_classes' not in aux_head:
        raise ValueError(
            'aux_head must be a dict with num_classes and, if wanted, '
            f'{list(_AUX_OPTIONS[1:])}, got {aux_head!r}'
        )
    require_positive_int('aux_head.num_classes', aux_head['num_classes'])
    weights = aux_head.get('loss_weights', 0.5)
    if not isinstance(weights, Sequence):
        weights = [weights] * num_heads
    if len(weights) != num_heads:
        raise ValueError(
            f'aux_head.loss_weights must be one number for all levels or {num_heads}, '
            f'one for each level below the top, got {len(weights)}: {list(weights)}'
        )
    if any(not isinstance(weight, Real) or weight < 0 for weight in weights):
        raise ValueError(
            'aux_head.loss_weights must be numbers that are not negative, got '
            f'{list(weights)}'
        )
    return dict(
        num_classes=aux_head['num_classes'],
        loss_weights=list(weights),
        dropout_ratio=aux_head.get('dropout_ratio', 0.5),
        loss_cls=aux_head.get('loss_cls', dict(type='CrossEntropyLoss')),
    )


def check_maps(maps: Sequence[Tensor], in_channels: Sequence[int], source: str) -> None:
    """Number, dimensions, channels and batch of the backbone's maps."""
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
    if any(x.shape[0] != maps[0].shape[0] for x in maps):
        raise ValueError(
            'all maps must come from the same samples, got batches of '
            f'{[x.shape[0] for x in maps]}'
        )


def check_lengths(levels: Sequence[Tensor], rates: Sequence[int]) -> None:
    """A level cannot be pooled or sampled by more steps than it has.

    But for a single frame, which has one tempo and passes at any rate.
    """
    if all(x.shape[2] == 1 for x in levels):
        return
    for i, (x, rate) in enumerate(zip(levels, rates)):
        if rate > x.shape[2]:
            raise ValueError(
                f'temporal_rates[{i}]={rate} is longer than the {x.shape[2]} time '
                f'steps of level {i + 1}; use rates up to {x.shape[2]} or longer clips'
            )
