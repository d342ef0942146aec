"""The five stream fusions of two-stream networks.

All take the spatial stream's map and the temporal stream's, (N, C, H, W) or
(N, C, T, H, W) each. Shape letters: N maps, C channels, T time, H height, W width.
Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), section 3.1.
"""

from collections.abc import Sequence

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.functional import stream_fusion
from tpn_tsn_plugin.functional.temporal_pooling import central_identity
from tpn_tsn_plugin.registry import MODELS


class StreamFusion(BaseModule):
    """What all stream fusions share."""

    def keeps_channels(self, into: str) -> bool:
        """Whether the fused map has the channels of the stream it goes into.

        Then this stream's next stage can take it.

        Args:
            into: ``'spatial'`` or ``'temporal'``.
        """
        return True

    def forward(self, spatial: Tensor, temporal: Tensor) -> Tensor:
        """Fuse the maps of the two streams."""
        raise NotImplementedError


@MODELS.register_module()
class SumFusion(StreamFusion):
    """Sum of the two maps, (N, C, ...); equation 1."""

    def forward(self, spatial: Tensor, temporal: Tensor) -> Tensor:
        """Two maps (N, C, ...) to (N, C, ...)."""
        return stream_fusion.sum_fusion(spatial, temporal)


@MODELS.register_module()
class MaxFusion(StreamFusion):
    """Maximum of the two maps, (N, C, ...); equation 2."""

    def forward(self, spatial: Tensor, temporal: Tensor) -> Tensor:
        """Two maps (N, C, ...) to (N, C, ...)."""
        return stream_fusion.max_fusion(spatial, temporal)


@MODELS.register_module()
class ConcatFusion(StreamFusion):
    """Channels of both maps, (N, C_a + C_b, ...); equation 3.

    Only a head can come after it, with as many ``in_channels``.
    """

    def keeps_channels(self, into: str) -> bool:
        """It has more of them, or no map to go on with."""
        return False

    def forward(self, spatial: Tensor, temporal: Tensor) -> Tensor:
        """(N, C_a, ...) and (N, C_b, ...) to (N, C_a + C_b, ...)."""
        return stream_fusion.concat_fusion(spatial, temporal)


@MODELS.register_module()
class ConvFusion(StreamFusion):
    """1×1 convolution of the stacked channels; equation 4.

    Starts as the sum of the two maps, from two identity matrices side by side.

    Args:
        in_channels: Channels of both maps, or one number for the spatial and one for
            the temporal stream.
        out_channels: Channels of the fused map; None for the larger of the two.
        temporal_scale: Factor of the temporal stream's identity. The paper takes 3
            for ReLU5 of VGG, where that stream's activations are about three times
            smaller (section 3.5); then it does not start as the sum.
        init_cfg: Weights to load instead.

    Raises:
        ValueError: A number is no whole number from 1 on, or there are not two.
    """

    def __init__(
        self,
        in_channels: int | Sequence[int],
        out_channels: int | None = None,
        *,
        temporal_scale: float = 1.0,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        both = (
            (in_channels, in_channels) if isinstance(in_channels, int) else in_channels
        )
        if len(both) != 2:
            raise ValueError(
                'in_channels must be one number, or one for the spatial and one for '
                f'the temporal stream, got {in_channels!r}'
            )
        for channels in both:
            require_positive_int('in_channels', channels)
        if out_channels is None:
            out_channels = max(both)
        require_positive_int('out_channels', out_channels)
        super().__init__(init_cfg)
        self.in_channels = tuple(both)
        self.temporal_scale = temporal_scale
        self.weight = nn.Parameter(torch.empty(out_channels, sum(both)))
        self.bias = nn.Parameter(torch.empty(out_channels))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Set the two identity matrices."""
        spatial, _ = self.in_channels
        with torch.no_grad():
            self.bias.zero_()
            halves = self.weight[:, :spatial], self.weight[:, spatial:]
            for half, scale in zip(halves, (1.0, self.temporal_scale)):
                half.copy_(scale * central_identity(half))

    def keeps_channels(self, into: str) -> bool:
        """Whether ``out_channels`` is what that stream has."""
        spatial, temporal = self.in_channels
        return len(self.weight) == (spatial if into == 'spatial' else temporal)

    def forward(self, spatial: Tensor, temporal: Tensor) -> Tensor:
        """(N, C_a, ...) and (N, C_b, ...) to (N, out_channels, ...).

        Raises:
            ValueError: The maps have other channels or positions.
        """
        came = spatial.shape[1], temporal.shape[1]
        if came != self.in_channels:
            raise ValueError(
                f'ConvFusion has in_channels={self.in_channels}, got maps of {came[0]} '
                f'and {came[1]} channels; set in_channels={came}'
            )
        return stream_fusion.conv_fusion(spatial, temporal, self.weight, self.bias)

    def extra_repr(self) -> str:
        """What ``print`` shows."""
        return f'in_channels={self.in_channels}, out_channels={len(self.weight)}'


@MODELS.register_module()
class BilinearFusion(StreamFusion):
    """Every channel of one map times every channel of the other, summed over positions.

    Equation 5, with signed square root and L2 normalisation. Only a head can come
    after it, with C_a · C_b ``in_channels``: where things are in the picture is gone.
    The paper puts a linear SVM on it, ``loss_cls=dict(type='HingeLoss')``.
    """

    def keeps_channels(self, into: str) -> bool:
        """It has more of them, or no map to go on with."""
        return False

    def forward(self, spatial: Tensor, temporal: Tensor) -> Tensor:
        """(N, C_a, ...) and (N, C_b, ...) to (N, C_a · C_b, 1, ...)."""
        fused = stream_fusion.bilinear_fusion(spatial, temporal)
        return fused[(..., *[None] * (spatial.ndim - 2))]
