"""Several labels a video: one head a task on the same features.

Shape letters: N videos.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from mmaction.models.heads import BaseHead
from mmaction.structures import ActionDataSample
from mmengine.model import BaseModule
from torch import Tensor, nn

from tpn_tsn_plugin.registry import MODELS


@MODELS.register_module()
class MultiTaskHead(BaseModule):
    """One classifier and one loss a task, e.g. EPIC-Kitchens' verbs and nouns.

    A sample's ``gt_label`` holds one class index a task, in the order of ``tasks``. A
    prediction's ``pred_score`` is a dictionary of each task's probabilities, its
    ``pred_label`` the best class of each task; ``segment_scores``, where the heads keep
    them, are a dictionary too.

    Args:
        tasks: Number of classes by task, or a dictionary with ``num_classes`` and what
            differs from ``head``.
        head: What the heads have in common, ``type`` first.
        init_cfg: Initialisation.

    Raises:
        ValueError: There is no task, or a head gives no probabilities.

    Example::

        cls_head=dict(
            type='MultiTaskHead',
            tasks=dict(verb=97, noun=300),
            head=dict(type='SegmentConsensusHead', in_channels=2048),
        )
    """

    def __init__(
        self,
        tasks: Mapping[str, int | dict],
        head: dict,
        *,
        init_cfg: dict | None = None,
    ) -> None:
        super().__init__(init_cfg=init_cfg)
        if not tasks:
            raise ValueError(
                'tasks must name at least one task, e.g. dict(verb=97, noun=300), got '
                'none'
            )
        self.heads = nn.ModuleDict()
        for task, classes in tasks.items():
            own = classes if isinstance(classes, Mapping) else dict(num_classes=classes)
            self.heads[task] = MODELS.build({**head, **own})
            averaged = self.heads[task].average_clips
            if averaged != 'prob':
                raise ValueError(
                    f"average_clips of task {task!r} must be 'prob', because tasks are "
                    f'joined by their probabilities, got {averaged!r}'
                )

    @property
    def task_classes(self) -> dict[str, int]:
        """Number of classes by task."""
        return {task: self._head(task).num_classes for task in self.heads}

    def forward(self, x: Tensor, **kwargs: Any) -> dict[str, Tensor]:
        """Scores by task; ``kwargs`` are those that recognisers hand to any head."""
        return {task: head(x, **kwargs) for task, head in self.heads.items()}

    def loss(
        self, feats: Tensor, data_samples: Sequence[ActionDataSample], **kwargs: Any
    ) -> dict[str, Tensor]:
        """Losses and accuracies by task, and how often all tasks are right.

        Raises:
            ValueError: A sample has not one label a task, or a label is out of range.
        """
        losses: dict[str, Tensor] = {}
        scores = self(feats, **kwargs)
        right = torch.ones(len(data_samples), dtype=torch.bool, device=feats.device)
        for task, samples in self._by_task(data_samples, needed=True).items():
            try:
                own = self._head(task).loss_by_feat(scores[task], samples)
            except ValueError as error:
                raise ValueError(f'{task}: {error}') from error
            losses.update({f'{task}_{name}': value for name, value in own.items()})
            labels = torch.cat([sample.gt_label for sample in samples])
            right &= scores[task].argmax(dim=1) == labels.to(right.device)
        losses['action_top1_acc'] = right.float().mean()
        return losses

    def predict(
        self, feats: Tensor, data_samples: Sequence[ActionDataSample], **kwargs: Any
    ) -> Sequence[ActionDataSample]:
        """Write each task's scores and best class into the samples."""
        by_task = {
            task: self._head(task).predict(feats, samples, **kwargs)
            for task, samples in self._by_task(data_samples, needed=False).items()
        }
        for i, sample in enumerate(data_samples):
            own = {task: samples[i] for task, samples in by_task.items()}
            scores = {task: one.pred_score for task, one in own.items()}
            sample.set_field(scores, 'pred_score')
            if all('segment_scores' in one for one in own.values()):
                rows = {task: one.segment_scores for task, one in own.items()}
                sample.set_field(rows, 'segment_scores')
            sample.set_pred_label(torch.cat([one.pred_label for one in own.values()]))
        return data_samples

    def _head(self, task: str) -> BaseHead:
        return cast(BaseHead, self.heads[task])

    def _by_task(
        self, data_samples: Sequence[ActionDataSample], needed: bool
    ) -> dict[str, list[ActionDataSample]]:
        """A sample a task and video, with that task's label alone."""
        by_task: dict[str, list[ActionDataSample]] = {task: [] for task in self.heads}
        for sample in data_samples:
            labels = sample.get('gt_label')
            if needed and (labels is None or len(labels) != len(self.heads)):
                raise ValueError(
                    f'a label must hold one class index for each of '
                    f'{list(self.heads)}, got '
                    f'{None if labels is None else labels.tolist()}'
                )
            for i, samples in enumerate(by_task.values()):
                own = ActionDataSample(metainfo=sample.metainfo)
                if needed:
                    own.set_gt_label(labels[i : i + 1])
                samples.append(own)
        return by_task
