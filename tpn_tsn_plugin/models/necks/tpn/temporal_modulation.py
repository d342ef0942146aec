"""Temporal rate modulation (TPN paper, section 3.1).

Shape letters: N samples, C channels, T time, H height, W width.
"""

import torch.nn.functional as F
from torch import Tensor, nn


class TemporalRateModulation(nn.Module):
    """Grouped convolution along time, then max-pooling by the temporal rate.

    No normalisation, no activation: the released code has none either.

    Args:
        in_channels: Channels of the level.
        out_channels: Channels of the pyramid.
        rate: alpha_i, the factor by which time shrinks (the last window may be short).
        groups: Groups of the convolution.
    """

    def __init__(
        self, in_channels: int, out_channels: int, rate: int, groups: int
    ) -> None:
        super().__init__()
        self.rate = rate
        self.conv = nn.Conv3d(
            in_channels,
            out_channels,
            kernel_size=(3, 1, 1),
            padding=(1, 0, 0),
            groups=groups,
            bias=False,
        )

    def forward(self, x: Tensor) -> Tensor:
        """Modulate (N, C_i, T_i, H, W) to (N, C, ceil(T_i / alpha_i), H, W)."""
        x = self.conv(x)
        if self.rate == 1:
            return x
        return F.max_pool3d(x, (self.rate, 1, 1), ceil_mode=True)


class WidthProjection(nn.Module):
    """What remains where temporal modulation is left out: channels only.

    The information flow adds levels, so they need one width even then. A 1×1×1
    convolution with the same groups gives it and mixes nothing along time.

    Args:
        in_channels: Channels of the level.
        out_channels: Channels of the pyramid.
        groups: Groups of the convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, groups: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(in_channels, out_channels, 1, groups=groups, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Project (N, C_i, T_i, H, W) to (N, C, T_i, H, W)."""
        return self.conv(x)
