"""What all heads of the plugin share: labels that are checked, views that are averaged.

Shape letters: N videos, V views (crops times clips).
"""

from collections.abc import Sequence
from typing import Any

import torch.nn.functional as F
from mmaction.evaluation import top_k_accuracy
from mmaction.models.heads import BaseHead
from mmaction.structures import ActionDataSample
from torch import Tensor

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.models.labels import stack_labels
from tpn_tsn_plugin.models.losses import batch_loss


class ClassificationHead(BaseHead):
    """MMAction2's ``BaseHead`` with checked labels and probabilities by default.

    Args:
        num_classes: Number of classes.
        in_channels: Channels of the features.
        average_clips: How the scores of several views become one: ``'prob'`` averages
            probabilities, ``'score'`` averages scores, None leaves the views apart.
            Probabilities are softmax, or sigmoid with ``multi_class=True``.
        **kwargs: The other options of ``BaseHead``: ``loss_cls``, ``multi_class``,
            ``label_smooth_eps``, ``topk``, ``init_cfg``.

    Raises:
        ValueError: A number is no whole number from 1 on, or ``average_clips`` is not
            one of the three.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        average_clips: str | None = 'prob',
        **kwargs: Any,
    ) -> None:
        require_positive_int('num_classes', num_classes)
        require_positive_int('in_channels', in_channels)
        require_one_of('average_clips', average_clips, ['prob', 'score', None])
        super().__init__(
            num_classes, in_channels, average_clips=average_clips, **kwargs
        )

    def loss_by_feat(
        self, cls_scores: Tensor, data_samples: Sequence[ActionDataSample]
    ) -> dict[str, Tensor]:
        """Loss and accuracy of scores (N, num_classes).

        MMAction2 squeezes the labels and guesses afterwards what they were; here they
        are read in one place for all heads.

        Raises:
            ValueError: A label does not fit ``num_classes``.
        """
        labels = stack_labels(data_samples, self.num_classes, cls_scores.device)
        losses = {}
        if labels.ndim == 1:
            accuracies = top_k_accuracy(
                cls_scores.detach().float().cpu().numpy(),
                labels.cpu().numpy(),
                self.topk,
            )
            for k, accuracy in zip(self.topk, accuracies):
                losses[f'top{k}_acc'] = cls_scores.new_tensor(accuracy)
        if self.label_smooth_eps:
            if labels.ndim == 1:
                labels = F.one_hot(labels, self.num_classes)
            eps = self.label_smooth_eps
            labels = (1 - eps) * labels + eps / self.num_classes
        loss = batch_loss(self.loss_cls, cls_scores, labels)
        losses.update(loss if isinstance(loss, dict) else dict(loss_cls=loss))
        return losses

    def average_clip(self, cls_scores: Tensor, num_segs: int = 1) -> Tensor:
        """Average the scores of each video's views.

        Args:
            cls_scores: Scores (N·V, num_classes).
            num_segs: V; MMAction2's name for it.

        Returns:
            (N, num_classes), or (N, V, num_classes) with ``average_clips=None``.
        """
        if self.multi_class and self.average_clips == 'prob':
            probabilities = cls_scores.sigmoid()
            return probabilities.unflatten(0, (-1, num_segs)).mean(dim=1)
        return super().average_clip(cls_scores, num_segs=num_segs)
