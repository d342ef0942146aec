"""Information flow between the levels (TPN paper, section 3.2, eq. 2).

The five kinds are compositions of two directions. Each turns one pyramid (a list of M
levels, bottom first) into one or two pyramids of the same shapes.

Shape letters: N samples, C channels, T time, H height, W width, M levels.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import Tensor, nn

from tpn_tsn_plugin.functional.pyramid import extent, resize

Pyramid = list[Tensor]
Direction = Callable[[Pyramid], Pyramid]


def top_down(levels: Pyramid) -> Pyramid:
    """Add to each level the (already aggregated) level above it, resized.

    Args:
        levels: M maps (N, C, T_i, H_i, W_i), bottom first.

    Returns:
        M maps of the same shapes; the top is unchanged.
    """
    outs = [levels[-1]]
    for level in reversed(levels[:-1]):
        outs.append(level + resize(outs[-1], extent(level)))
    return outs[::-1]


class BottomUp(nn.Module):
    """Add to each level the (already aggregated) level below it, convolved and resized.

    Args:
        channels: Channels of every level.
        num_levels: M.
    """

    def __init__(self, channels: int, num_levels: int) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.Conv3d(channels, channels, (3, 1, 1), padding=(1, 0, 0), bias=False)
            for _ in range(num_levels - 1)
        )

    def forward(self, levels: Pyramid) -> Pyramid:
        """Aggregate M maps (N, C, T_i, H_i, W_i); the bottom is unchanged."""
        outs = [levels[0]]
        for level, conv in zip(levels[1:], self.convs):
            outs.append(level + resize(conv(outs[-1]), extent(level)))
        return outs


class Kind(NamedTuple):
    """One kind of information flow.

    Args:
        uses_bottom_up: Whether it needs the bottom-up direction and its weights.
        num_pyramids: Pyramids that come out; of two, the top-down one is the first.
        compose: Makes them of the levels and the two directions.
    """

    uses_bottom_up: bool
    num_pyramids: int
    compose: Callable[[Pyramid, Direction, Any], list[Pyramid]]


def cascade(levels: Pyramid, down: Direction, up: Direction) -> list[Pyramid]:
    """Bottom-up after top-down."""
    aggregated = down(levels)
    return [aggregated, up(aggregated)]


KINDS = {
    'isolation': Kind(False, 1, lambda levels, down, up: [levels]),
    'bottom_up': Kind(True, 1, lambda levels, down, up: [up(levels)]),
    'top_down': Kind(False, 1, lambda levels, down, up: [down(levels)]),
    'cascade': Kind(True, 2, cascade),
    'parallel': Kind(True, 2, lambda levels, down, up: [down(levels), up(levels)]),
}


class InformationFlow(nn.Module):
    """One of the five kinds of information flow.

    Args:
        name: A key of ``KINDS``.
        channels: Channels of every level.
        num_levels: M.
    """

    def __init__(self, name: str, channels: int, num_levels: int) -> None:
        super().__init__()
        self.name = name
        self.num_pyramids = KINDS[name].num_pyramids
        self.bottom_up = (
            BottomUp(channels, num_levels) if KINDS[name].uses_bottom_up else None
        )

    def forward(self, levels: Pyramid) -> list[Pyramid]:
        """Turn M maps (N, C, T_i, H_i, W_i) into one or two pyramids of M maps."""
        return KINDS[self.name].compose(levels, top_down, self.bottom_up)
