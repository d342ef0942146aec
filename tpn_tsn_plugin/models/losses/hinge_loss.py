"""The hinge loss, which makes a linear classifier a support vector machine.

Shape letters: N samples.
"""

import torch.nn.functional as F
from mmaction.models.losses import BaseWeightedLoss
from torch import Tensor

from tpn_tsn_plugin.errors import require_one_of
from tpn_tsn_plugin.registry import MODELS


@MODELS.register_module()
class HingeLoss(BaseWeightedLoss):
    """One against all: the sum over classes of max(0, 1 - y · score), y being 1 or -1.

    With weight decay this is the linear SVM that the paper puts on bilinear features
    (Feichtenhofer, Pinz and Zisserman, CVPR 2016, section 3.1).

    Args:
        power: 1, or 2 for the squared hinge, which is smooth.
        loss_weight: Factor of the loss.

    Raises:
        ValueError: ``power`` is neither.
    """

    def __init__(self, power: int = 1, loss_weight: float = 1.0) -> None:
        require_one_of('power', power, [1, 2])
        super().__init__(loss_weight)
        self.power = power

    def _forward(self, scores: Tensor, labels: Tensor) -> Tensor:
        """Mean over samples.

        Args:
            scores: (N, classes).
            labels: Class indices (N,), or 0 and 1 for each class, (N, classes).
        """
        if labels.ndim == 1:
            labels = F.one_hot(labels, scores.shape[1])
        margins = (1 - (2 * labels - 1) * scores).clamp(min=0)
        return margins.pow(self.power).sum(dim=1).mean()
