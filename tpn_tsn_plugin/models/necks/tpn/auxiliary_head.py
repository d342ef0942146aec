"""Auxiliary heads of the pyramid (TPN paper, section 3.1, eq. 1).

Shape letters: N samples, C channels, T time, H height, W width.
"""

from collections.abc import Sequence

import torch
from mmaction.models.losses import CrossEntropyLoss
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from tpn_tsn_plugin.models.labels import stack_labels
from tpn_tsn_plugin.models.losses import batch_loss
from tpn_tsn_plugin.models.normalisation import NormalisedConv
from tpn_tsn_plugin.registry import MODELS


class AuxiliaryHead(nn.Module):
    """Classifier on one backbone map, for more direct supervision of a lower level.

    Args:
        in_channels: Channels of the map.
        num_classes: Number of classes.
        loss_weight: lambda_i of eq. 1.
        dropout_ratio: Dropout before the classifier.
        loss_cls: Loss.
        norm_cfg: Normalisation of the convolution.
    """

    def __init__(
        self,
        in_channels: int,
        num_classes: int,
        *,
        loss_weight: float,
        dropout_ratio: float,
        loss_cls: dict,
        norm_cfg: dict,
    ) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.loss_weight = loss_weight
        self.conv = NormalisedConv(
            in_channels,
            in_channels * 2,
            kernel_size=(1, 3, 3),
            stride=(1, 2, 2),
            padding=(0, 1, 1),
            bias=False,
            conv_cfg=dict(type='Conv3d'),
            norm_cfg=norm_cfg,
        )
        self.dropout = nn.Dropout(dropout_ratio)
        self.fc = nn.Linear(in_channels * 2, num_classes)
        self.loss_cls = MODELS.build(loss_cls)

    def forward(self, x: Tensor) -> Tensor:
        """Classify (N, C, T, H, W) into (N, num_classes)."""
        x = self.conv(x).mean(dim=(2, 3, 4))
        return self.fc(self.dropout(x))

    def loss(self, x: Tensor, data_samples: Sequence[ActionDataSample]) -> Tensor:
        """Weighted loss lambda_i · L_i of a map (N, C, T, H, W), a scalar.

        Raises:
            ValueError: A label does not fit ``num_classes`` or the loss.
        """
        labels = stack_labels(data_samples, self.num_classes, x.device)
        checked = not torch.compiler.is_compiling()
        if checked and labels.ndim == 2 and isinstance(self.loss_cls, CrossEntropyLoss):
            totals = labels.sum(dim=1)
            # Background has no class, and adds nothing to a cross entropy.
            wrong = totals[((totals - 1).abs() > 1e-3) & (totals.abs() > 1e-3)]
            if len(wrong):
                raise ValueError(
                    'labels with several classes a video need aux_head.loss_cls='
                    "dict(type='BCELossWithLogits'), got CrossEntropyLoss and a label "
                    f'that sums to {wrong[0]:g}'
                )
        return self.loss_weight * batch_loss(self.loss_cls, self(x), labels)
