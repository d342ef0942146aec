"""The head of two-stream networks.

Shape letters: N videos, V views (crops times clips), K frames of a view, C channels,
T time, H height, W width.
"""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmengine.model import BaseModule
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.models.normalisation import NormalisedConv
from tpn_tsn_plugin.registry import MODELS

from .segment_consensus_head import SegmentConsensusHead


class HiddenLayers(nn.Sequential, BaseModule):
    """Fully connected layers with ReLU and dropout; names as torchvision's VGG.

    Args:
        in_features: Width of the input.
        channels: Width of each layer.
        dropout_ratio: Dropout after each.
        init_cfg: Weights to start from, for those of VGG
            ``dict(type='Pretrained', checkpoint=..., prefix='classifier')``.
    """

    def __init__(
        self,
        in_features: int,
        channels: Sequence[int],
        dropout_ratio: float,
        init_cfg: dict | None,
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        for width in channels:
            require_positive_int('hidden_channels', width)
            layers = nn.Linear(in_features, width), nn.ReLU(), nn.Dropout(dropout_ratio)
            for layer in layers:
                self.append(layer)
            in_features = width


@MODELS.register_module()
class TwoStreamFusionHead(SegmentConsensusHead):
    """Classify a stream's maps at each time, and average the scores over time.

    Takes the maps of single frames, of a 3D backbone, or what temporal pooling made of
    them. Source: Feichtenhofer, Pinz and Zisserman (CVPR 2016), sections 3.2 and 3.4.

    Args:
        num_classes: Number of classes.
        in_channels: C.
        conv_channels: Channels of a 3×3 convolution with normalisation and ReLU before
            pooling; None for no such layer. Where streams were fused at their last
            stage it is the first layer that sees both at one place.
        pool_size: Height and width that maps are averaged to before the first layer;
            7 for the layers of VGG.
        hidden_channels: Widths of fully connected layers before the classifier,
            (4096, 4096) for VGG.
        hidden_init_cfg: What these start from.
        dropout_ratio: Dropout after each of them, or before the classifier where there
            is none.
        init_std: Standard deviation of the initial weights.
        **kwargs: Options of :class:`SegmentConsensusHead`: another consensus than the
            average, ``test_segments``, ``loss_cls=dict(type='HingeLoss')``.

    Raises:
        ValueError: An option is out of range.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        conv_channels: int | None = None,
        pool_size: int = 1,
        hidden_channels: Sequence[int] = (),
        hidden_init_cfg: dict | None = None,
        dropout_ratio: float = 0.5,
        init_std: float = 0.01,
        **kwargs: Any,
    ) -> None:
        require_positive_int('pool_size', pool_size)
        last = 0.0 if hidden_channels else dropout_ratio
        super().__init__(
            num_classes, in_channels, dropout_ratio=last, init_std=init_std, **kwargs
        )
        self.pool_size = pool_size
        self.conv = nn.Identity()
        if conv_channels is not None:
            require_positive_int('conv_channels', conv_channels)
            norm = dict(type='BN')
            self.conv = NormalisedConv(
                in_channels, conv_channels, 3, padding=1, norm_cfg=norm
            )
        width = (conv_channels or in_channels) * pool_size**2
        self.hidden = HiddenLayers(
            width, hidden_channels, dropout_ratio, hidden_init_cfg
        )
        self.fc_cls = nn.Linear([width, *hidden_channels][-1], num_classes)

    def _segment_features(
        self, x: Tensor, segments: int | None, num_segs: int | None
    ) -> Tensor:
        # Temporal pooling, and 3D backbones, leave as many times as they like.
        if x.ndim == 5:
            segments = x.shape[2]
        return super()._segment_features(x, segments, num_segs)

    def _pool(self, maps: Tensor) -> Tensor:
        pooled = F.adaptive_avg_pool2d(self.conv(maps), self.pool_size)
        return self.hidden(pooled.flatten(1))
