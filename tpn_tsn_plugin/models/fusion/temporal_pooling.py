"""The three temporal poolings of two-stream fusion.

All take the maps of a view's K frames, (N, C, K, H, W), and keep that order. Shape
letters: N samples (videos times views), C channels, K frames, H height, W width.
Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3.2 and Figure 4.
"""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.functional import temporal_pooling
from tpn_tsn_plugin.functional.temporal_pooling import central_identity
from tpn_tsn_plugin.registry import MODELS


class TemporalPooling(BaseModule):
    """What the temporal poolings share.

    Args:
        kernel_size: Extent of the pooling, odd.
        stride: Step of the pooling.
        init_cfg: Weights to load.

    Raises:
        ValueError: A number is no whole number from 1 on, or an extent is even.
    """

    def __init__(
        self,
        kernel_size: int = 3,
        stride: int = 2,
        *,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        _require_odd('kernel_size', kernel_size)
        require_positive_int('stride', stride)
        super().__init__(init_cfg)
        self.kernel_size = kernel_size
        self.stride = stride

    def extra_repr(self) -> str:
        """What ``print`` shows."""
        return f'kernel_size={self.kernel_size}, stride={self.stride}'


@MODELS.register_module()
class TemporalPool2d(TemporalPooling):
    """Max-pool each frame in space; time is left to the head, which averages scores."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, K, H, W) to (N, C, K, H', W')."""
        return temporal_pooling.pool_2d(x, self.kernel_size, self.stride)


@MODELS.register_module()
class TemporalPool3d(TemporalPooling):
    """Max-pool in space and time."""

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, K, H, W) to (N, C, K', H', W')."""
        return temporal_pooling.pool_3d(x, self.kernel_size, self.stride)


@MODELS.register_module()
class TemporalConvPool3d(TemporalPooling):
    """Convolve in space and time, then max-pool.

    Starts as :class:`TemporalPool3d`: each filter passes its channel on. (The paper
    starts from a Gaussian in space and time instead, section 3.5.)

    Args:
        channels: C.
        conv_size: Extent of the filters along x, y and t, odd.
        kernel_size: Extent of the pooling, odd.
        stride: Step of the pooling.
        init_cfg: Weights to load instead.

    Raises:
        ValueError: A number is no whole number from 1 on, or an extent is even.
    """

    def __init__(
        self,
        channels: int,
        conv_size: int = 3,
        *,
        kernel_size: int = 3,
        stride: int = 2,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        require_positive_int('channels', channels)
        _require_odd('conv_size', conv_size)
        super().__init__(kernel_size, stride, init_cfg=init_cfg)
        self.weight = nn.Parameter(torch.empty(channels, channels, *[conv_size] * 3))
        self.bias = nn.Parameter(torch.empty(channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the identity."""
        with torch.no_grad():
            self.bias.zero_()
            self.weight.copy_(central_identity(self.weight))

    def forward(self, x: Tensor) -> Tensor:
        """(N, C, K, H, W) to (N, C, K', H', W').

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
        )


def _require_odd(name: str, value: int) -> None:
    require_positive_int(name, value)
    if value % 2 == 0:
        raise ValueError(f'{name} must be odd, got {value}')
