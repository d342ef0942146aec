"""Level fusion and pyramid fusion (TPN paper, section 3.3).

Shape letters: N samples, C channels, T time, H height, W width, M levels.
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from tpn_tsn_plugin.functional.pyramid import extent, max_pool_to
from tpn_tsn_plugin.models.normalisation import NormalisedConv


class PointwiseConv3d(nn.Conv3d):
    """1×1×1 convolution computed along one axis, which needs less working space."""

    def forward(self, x: Tensor) -> Tensor:
        """Mix (N, C, T, H, W) into (N, C', T, H, W)."""
        mixed = F.conv1d(
            x.flatten(2), self.weight.flatten(2), self.bias, groups=self.groups
        )
        return mixed.unflatten(2, x.shape[2:])


def _pointwise(
    in_channels: int,
    out_channels: int,
    norm_cfg: dict,
    conv: type[nn.Conv3d] = PointwiseConv3d,
    **options: int,
) -> NormalisedConv:
    return NormalisedConv(
        in_channels,
        out_channels,
        kernel_size=1,
        bias=False,
        conv_cfg=dict(type=conv),
        norm_cfg=norm_cfg,
        **options,
    )


class LevelFusion(nn.Module):
    """Fuse the levels of one pyramid into one map.

    Each level is max-pooled to the smallest extent found among the levels, along time
    and space, and goes through a grouped 1×1×1 convolution; all are then concatenated
    and mixed by another one.

    Args:
        channels: Channels of every level.
        out_channels: Channels of the fused map.
        num_levels: M.
        groups: Groups of the convolution on each level.
        norm_cfg: Normalisation of the convolutions.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int,
        *,
        num_levels: int,
        groups: int,
        norm_cfg: dict,
    ) -> None:
        super().__init__()
        self.levels = nn.ModuleList(
            _pointwise(channels, channels, norm_cfg, nn.Conv3d, groups=groups)
            for _ in range(num_levels)
        )
        self.mix = _pointwise(channels * num_levels, out_channels, norm_cfg)

    def forward(self, pyramid: Sequence[Tensor]) -> Tensor:
        """Fuse M maps (N, C, T_i, H_i, W_i) into (N, out_channels, T', H', W')."""
        size = [min(extents) for extents in zip(*map(extent, pyramid))]
        pooled = [conv(max_pool_to(x, size)) for conv, x in zip(self.levels, pyramid)]
        return self.mix(torch.cat(pooled, dim=1))


class PyramidFusion(nn.Module):
    """Fuse the level-fused maps of two pyramids into one.

    Args:
        in_channels: Channels of each fused pyramid.
        out_channels: Channels of the result.
        norm_cfg: Normalisation of the convolution.
    """

    def __init__(self, in_channels: int, out_channels: int, norm_cfg: dict) -> None:
        super().__init__()
        self.mix = _pointwise(in_channels * 2, out_channels, norm_cfg)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Fuse two maps (N, C, T', H', W') into (N, out_channels, T', H', W')."""
        return self.mix(torch.cat(list(maps), dim=1))
