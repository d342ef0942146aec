"""The loss of a batch, also where class weights leave nothing of it.

Shape letters: N samples.
"""

from typing import Any

from mmaction.models.losses import CrossEntropyLoss
from torch import Tensor, nn


def batch_loss(loss_cls: nn.Module, scores: Tensor, labels: Tensor) -> Any:
    """Apply a loss to a batch.

    A cross entropy with class weights is a weighted mean. Where no sample has weight,
    because all are background and background has weight 0 or no label, that is 0 / 0:
    MMAction2 and PyTorch return NaN. Here such a batch teaches nothing: loss 0 with
    gradients of 0.

    Args:
        loss_cls: Loss of the registry.
        scores: (N, classes).
        labels: Class indices (N,), or one value a class, (N, classes).

    Returns:
        What the loss returns, a scalar or a dict.
    """
    weights = getattr(loss_cls, 'class_weight', None)
    if weights is not None and isinstance(loss_cls, CrossEntropyLoss):
        weights = weights.to(labels.device)
        counted = weights[labels] if labels.ndim == 1 else weights * labels
        if counted.sum() == 0:
            # A function of the scores, because data parallelism waits for gradients.
            return (scores * 0).sum()
    return loss_cls(scores, labels)
