"""Spatial semantic modulation (TPN paper, section 3.1).

Shape letters: N samples, C channels, T time, H height, W width.
"""

import math
from collections.abc import Sequence

from torch import Tensor, nn

from tpn_tsn_plugin.functional.pyramid import extent
from tpn_tsn_plugin.models.normalisation import NormalisedConv


def default_strides(in_channels: Sequence[int]) -> tuple[int, ...]:
    """Guess how much larger each level's map is than the top's.

    Residual networks double their channels where they halve their maps, so the ratio
    of channels, rounded to a power of two, tells the ratio of sizes.
    """
    top = in_channels[-1]
    return tuple(2 ** max(0, round(math.log2(top / width))) for width in in_channels)


def step_widths(width: int, top_width: int, stride: int) -> list[int]:
    """Channels after each convolution on the way from ``width`` to ``top_width``.

    One convolution per halving of the map, widths in equal ratios. Maps that have the
    top's size but other channels get one convolution without stride.
    """
    steps = int(math.log2(stride))
    if steps == 0:
        return [] if width == top_width else [top_width]
    ratio = top_width / width
    return [round(width * ratio ** (i / steps)) for i in range(1, steps + 1)]


class SpatialSemanticModulation(nn.Module):
    """Bring every level to the size and the channels of the top.

    Each level but the top goes through (1, 3, 3) convolutions of stride (1, 2, 2), each
    with normalisation and ReLU; the top stays as it is.

    Args:
        in_channels: Channels of each level, shallow to deep.
        strides: How many times larger each level's H and W are than the top's.
        norm_cfg: Normalisation of the convolutions.
    """

    def __init__(
        self, in_channels: Sequence[int], strides: Sequence[int], norm_cfg: dict
    ) -> None:
        super().__init__()
        self.out_channels = (in_channels[-1],) * len(in_channels)
        self.levels = nn.ModuleList(
            self._stack(width, in_channels[-1], stride, norm_cfg)
            for width, stride in zip(in_channels, strides)
        )

    @staticmethod
    def _stack(
        width: int, top_width: int, stride: int, norm_cfg: dict
    ) -> nn.Sequential:
        step = 1 if stride == 1 else 2
        layers = nn.Sequential()
        for next_width in step_widths(width, top_width, stride):
            layers.append(
                NormalisedConv(
                    width,
                    next_width,
                    kernel_size=(1, 3, 3),
                    stride=(1, step, step),
                    padding=(0, 1, 1),
                    bias=False,
                    conv_cfg=dict(type='Conv3d'),
                    norm_cfg=norm_cfg,
                )
            )
            width = next_width
        return layers

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Modulate (N, C_i, T_i, H_i, W_i) to (N, C, T_i, H, W).

        Raises:
            ValueError: The strides do not bring the maps to the top's size.
        """
        outs = [stack(x) for stack, x in zip(self.levels, maps)]
        sizes = [extent(out)[1:] for out in outs]
        if len(set(sizes)) > 1:
            came = [extent(x)[1:] for x in maps]
            raise ValueError(
                f'the levels must reach the top size {sizes[-1]}, but maps of '
                f'{came} become {sizes}; set spatial_strides of the neck to how many '
                'times larger each map is than the top (powers of two)'
            )
        return outs
