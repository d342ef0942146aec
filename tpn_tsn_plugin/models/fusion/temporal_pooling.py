"""The three temporal poolings of two-stream fusion.

All take the maps of a view's K frames, (N, C, K, H, W), and keep that order. Shape
letters: N samples (videos times views), C channels, K frames, H height, W width.
Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3.2 and Figure 4.
"""

from collections.abc import Sequence
from typing import Any

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.functional import temporal_pooling
from tpn_tsn_plugin.functional.temporal_pooling import (
    Extent,
    central_identity,
    gaussian_window,
)
from tpn_tsn_plugin.registry import MODELS


class TemporalPooling(BaseModule):
    """What the temporal poolings share.

    Args:
        kernel_size: Extent of the pooling along all axes, or along t, y and x (y and x
            for :class:`TemporalPool2d`); cut to the map where that is smaller.
        stride: Step of the pooling, likewise.
        padding: Margin of the pooling; None for half an odd extent, none for an even.
        init_cfg: Weights to load.

    Raises:
        ValueError: A number is no whole number from 1 on (0 for the margin).
    """

    def __init__(
        self,
        kernel_size: Extent = 3,
        stride: Extent = 2,
        *,
        padding: Extent | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        self.kernel_size = _read_extent('kernel_size', kernel_size)
        self.stride = _read_extent('stride', stride)
        self.padding = None if padding is None else _read_extent('padding', padding, 0)

    def extra_repr(self) -> str:
        """What ``print`` shows."""
        return f'kernel_size={self.kernel_size}, stride={self.stride}'


@MODELS.register_module()
class TemporalPool2d(TemporalPooling):
    """Max-pool each frame in space; time is left to the head, which averages scores."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, K, H, W) to (N, C, K, H', W')."""
        return temporal_pooling.pool_2d(x, self.kernel_size, self.stride, self.padding)


@MODELS.register_module()
class TemporalPool3d(TemporalPooling):
    """Max-pool in space and time."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, K, H, W) to (N, C, K', H', W')."""
        return temporal_pooling.pool_3d(x, self.kernel_size, self.stride, self.padding)


@MODELS.register_module()
class TemporalConvPool3d(TemporalPooling):
    """Convolve in space and time, then max-pool.

    Starts as :class:`TemporalPool3d`: each filter passes its channel on. After
    ``ConcatFusion`` it can do the work of conv fusion as well, as in the paper's last
    architecture (section 3.5): ``stream_weights`` then says how much of each stream a
    filter passes on, and ``sigma`` spreads it in space and time. The authors' code has
    (0.25, 0.75), sigma 1 and ``rectify``.

    Args:
        channels: C.
        out_channels: C'; None for C, or for C / 2 with ``stream_weights``.
        conv_size: Extent of the filters along x, y and t, odd.
        stream_weights: Weights of the first and the second half of the channels.
        sigma: Standard deviation of a Gaussian, in frames and positions; None for the
            centre alone.
        rectify: Whether a ReLU follows the convolution.
        **kwargs: Options of :class:`TemporalPooling`.

    Raises:
        ValueError: A number is no whole number from 1 on, ``conv_size`` is even, or
            ``stream_weights`` are not two for an even number of channels.
    """

    def __init__(
        self,
        channels: int,
        out_channels: int | None = None,
        *,
        conv_size: int = 3,
        stream_weights: Sequence[float] | None = None,
        sigma: float | None = None,
        rectify: bool = False,
        **kwargs: Any,
    ) -> None:
        require_positive_int('channels', channels)
        require_positive_int('conv_size', conv_size)
        if conv_size % 2 == 0:
            raise ValueError(f'conv_size must be odd, got {conv_size}')
        if stream_weights is not None and (len(stream_weights) != 2 or channels % 2):
            raise ValueError(
                'stream_weights must be two numbers, for the halves of an even number '
                f'of channels, got {stream_weights!r} for {channels}'
            )
        weights = tuple(stream_weights or (1.0,))
        if out_channels is None:
            out_channels = channels // len(weights)
        require_positive_int('out_channels', out_channels)
        super().__init__(**kwargs)
        self.stream_weights = weights
        self.sigma = sigma
        self.rectify = rectify
        self.weight = nn.Parameter(
            torch.empty(out_channels, channels, *[conv_size] * 3)
        )
        self.bias = nn.Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the filters that pass channels on."""
        with torch.no_grad():
            self.bias.zero_()
            parts = self.weight.chunk(len(self.stream_weights), dim=1)
            for part, weight in zip(parts, self.stream_weights, strict=True):
                part.copy_(weight * self._passing(part))

    def _passing(self, filters: Tensor) -> Tensor:
        if self.sigma is None:
            return central_identity(filters)
        window = gaussian_window(filters.shape[-1], self.sigma)
        return central_identity(filters[..., 0, 0, 0])[..., None, None, None] * window

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, K, H, W) to (N, C', K', H', W').

        Raises:
            ValueError: The map has other channels.
        """
        if x.shape[1] != self.weight.shape[1]:
            raise ValueError(
                f'TemporalConvPool3d has channels={self.weight.shape[1]}, got maps '
                f'{tuple(x.shape)}; correct channels'
            )
        return temporal_pooling.conv_pool_3d(
            x,
            self.weight,
            self.bias,
            kernel_size=self.kernel_size,
            stride=self.stride,
            padding=self.padding,
            rectify=self.rectify,
        )


def _read_extent(name: str, value: Extent, least: int = 1) -> Extent:
    """A config has lists where torch wants tuples."""
    for number in (value,) if isinstance(value, int) else value:
        if not isinstance(number, int) or number < least:
            raise ValueError(
                f'{name} must be whole numbers from {least} on, got {value!r}'
            )
    return value if isinstance(value, int) else tuple(value)
