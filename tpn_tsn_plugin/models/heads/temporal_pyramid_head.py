"""The head behind a temporal pyramid.

Shape letters: N samples (videos times views), C channels, T time, H height, W width.
"""

from typing import Any

from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of
from tpn_tsn_plugin.registry import MODELS

from .classification_head import ClassificationHead


@MODELS.register_module()
class TemporalPyramidHead(ClassificationHead):
    """Classify the map of a temporal pyramid.

    Takes the options and the checkpoints of MMAction2's ``TPNHead``. That head builds a
    second classifier for dense testing inside ``forward``, from the weights of that
    moment, and goes on using it after they have changed. Here there is one classifier:
    it is linear, so the mean of its scores at all positions is its score of the mean,
    and dense testing (``fcn_test``) needs no other.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of the neck's result.
        dropout_ratio: Dropout before the classifier.
        init_std: Standard deviation of the classifier's initial weights.
        spatial_type: Only ``'avg'``; stands in MMAction2's configs.
        consensus: Only the average; stands in MMAction2's configs.
        **kwargs: Options of :class:`ClassificationHead`.

    Raises:
        ValueError: ``spatial_type`` or ``consensus`` asks for something else.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        dropout_ratio: float = 0.5,
        init_std: float = 0.01,
        spatial_type: str = 'avg',
        consensus: dict | None = None,
        **kwargs: Any,
    ) -> None:
        require_one_of('spatial_type', spatial_type, ['avg'])
        allowed = [None, dict(type='AvgConsensus'), dict(type='AvgConsensus', dim=1)]
        require_one_of('consensus', consensus, allowed)
        kwargs.setdefault('init_cfg', dict(type='Normal', layer='Linear', std=init_std))
        super().__init__(num_classes, in_channels, **kwargs)
        self.dropout = nn.Dropout(dropout_ratio)
        self.fc_cls = nn.Linear(in_channels, num_classes)
        self.register_load_state_dict_pre_hook(_drop_stale_classifier)

    def forward(self, x: Tensor, **_: Any) -> Tensor:
        """Classify (N, C, T, H, W) or (N, C, H, W) into (N, num_classes).

        Further keywords (``fcn_test``, ``num_segs``, ``loss_aux``), which recognisers
        hand to every head, change nothing.

        Raises:
            ValueError: The map has another number of dimensions or channels.
        """
        if x.ndim not in (4, 5) or x.shape[1] != self.in_channels:
            raise ValueError(
                f'TemporalPyramidHead takes (N, {self.in_channels}, T, H, W) or '
                f'(N, {self.in_channels}, H, W), got {tuple(x.shape)}'
            )
        return self.fc_cls(self.dropout(x.flatten(2).mean(dim=2)))


def _drop_stale_classifier(
    head: nn.Module, state_dict: dict[str, Tensor], prefix: str, *_: Any
) -> None:
    """Drop the copy of the classifier that ``TPNHead`` leaves in its checkpoints."""
    for key in [key for key in state_dict if key.startswith(f'{prefix}new_cls.')]:
        del state_dict[key]
