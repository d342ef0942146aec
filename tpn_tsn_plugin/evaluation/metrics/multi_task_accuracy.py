"""Accuracy of several labels a video, each alone and all together."""

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np
from mmaction.evaluation import top_k_accuracy
from mmengine.evaluator import BaseMetric
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import require_positive_int
from tpn_tsn_plugin.registry import METRICS

from .labels import require_labels


@METRICS.register_module()
class MultiTaskAccuracy(BaseMetric):
    """Top-k accuracy of each task, and of all tasks at once.

    All tasks together is what EPIC-Kitchens calls an action, a verb with a noun. Its
    score is the product of the tasks' probabilities.

    Args:
        topk: The k.
        joint: Name of all tasks together.
        collect_device: Where results of several processes are gathered.
        prefix: In front of the names in the log.

    Raises:
        ValueError: A k is no whole number from 1 on.
    """

    default_prefix = 'acc'

    def __init__(
        self,
        topk: Sequence[int] = (1, 5),
        *,
        joint: str = 'action',
        collect_device: str = 'cpu',
        prefix: str | None = None,
    ) -> None:
        for k in topk:
            require_positive_int('every entry of topk', k)
        super().__init__(collect_device=collect_device, prefix=prefix)
        self.topk = tuple(topk)
        self.joint = joint

    def process(self, data_batch: Any, data_samples: Sequence[dict]) -> None:
        """Keep scores and labels of a batch.

        Raises:
            ValueError: A prediction is not one of ``MultiTaskHead``, or a label is out
                of range.
        """
        for sample in data_samples:
            scores, labels = sample['pred_score'], sample['gt_label']
            if not isinstance(scores, dict) or len(scores) != len(labels):
                raise ValueError(
                    'MultiTaskAccuracy takes the predictions of MultiTaskHead, one '
                    f'score and one label a task; got {type(scores).__name__} and '
                    f'{len(labels)} labels'
                )
            by_task = {task: score.cpu().numpy() for task, score in scores.items()}
            for label, (task, score) in zip(labels.tolist(), by_task.items()):
                require_labels([label], len(score), f'{task} ')
            self.results.append((by_task, labels.cpu().numpy()))

    def compute_metrics(
        self, results: list[tuple[dict[str, NDArray], NDArray]]
    ) -> dict[str, float]:
        """Accuracies, named ``<task>_top<k>``."""
        metrics: dict[str, float] = {}
        labels = np.stack([label for _, label in results])
        for i, task in enumerate(results[0][0]):
            scores = [by_task[task] for by_task, _ in results]
            accuracies = top_k_accuracy(scores, labels[:, i], self.topk)
            for k, accuracy in zip(self.topk, accuracies):
                metrics[f'{task}_top{k}'] = float(accuracy)
        ranks = np.array(
            [joint_rank(list(by_task.values()), label) for by_task, label in results]
        )
        for k in self.topk:
            metrics[f'{self.joint}_top{k}'] = float((ranks < k).mean())
        return metrics


def joint_rank(
    probabilities: Sequence[NDArray], labels: Sequence[int] | NDArray
) -> int:
    """How many combinations of classes are more probable than the true one.

    Args:
        probabilities: One array (classes,) a task.
        labels: The true class of each task.
    """
    # Ties count against the prediction, or a constant one would always be right.
    joint = reduce(np.multiply.outer, probabilities)
    return int((joint >= joint[tuple(labels)]).sum()) - 1
