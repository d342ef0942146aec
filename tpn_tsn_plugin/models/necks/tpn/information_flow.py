"""Information flow between the levels (TPN paper, section 3.2, eq. 2).

The five flows are compositions of two directions. Every flow turns one pyramid (a list
of M levels, bottom first) into one or two pyramids of the same shapes.

Shape letters: N samples, C channels, T time, H height, W width, M levels.
"""

from collections.abc import Callable

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


def _isolation(levels: Pyramid, down: Direction, up: Direction) -> list[Pyramid]:
    return [levels]


def _bottom_up(levels: Pyramid, down: Direction, up: Direction) -> list[Pyramid]:
    return [up(levels)]


def _top_down(levels: Pyramid, down: Direction, up: Direction) -> list[Pyramid]:
    return [down(levels)]


def _cascade(levels: Pyramid, down: Direction, up: Direction) -> list[Pyramid]:
    first = down(levels)
    return [first, up(first)]


def _parallel(levels: Pyramid, down: Direction, up: Direction) -> list[Pyramid]:
    return [down(levels), up(levels)]


FLOWS = {
    'isolation': _isolation,
    'bottom_up': _bottom_up,
    'top_down': _top_down,
    'cascade': _cascade,
    'parallel': _parallel,
}
_WITH_BOTTOM_UP = ('bottom_up', 'cascade', 'parallel')
_TWO_PYRAMIDS = ('cascade', 'parallel')


class InformationFlow(nn.Module):
    """One of the five information flows.

    Args:
        name: A key of ``FLOWS``.
        channels: Channels of every level.
        num_levels: M.
    """

    def __init__(self, name: str, channels: int, num_levels: int) -> None:
        super().__init__()
        self.name = name
        self.num_pyramids = 2 if name in _TWO_PYRAMIDS else 1
        self.bottom_up = (
            BottomUp(channels, num_levels) if name in _WITH_BOTTOM_UP else nn.Identity()
        )

    def forward(self, levels: Pyramid) -> list[Pyramid]:
        """Return one pyramid, or top-down and bottom-up pyramid, in this order."""
        return FLOWS[self.name](levels, top_down, self.bottom_up)
