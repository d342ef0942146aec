"""A trained model that gives probabilities, whatever its head was set to."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmaction.models.heads import BaseHead
from mmengine.config import Config
from mmengine.dataset import pseudo_collate
from numpy.typing import NDArray
from torch import Tensor, nn

from tpn_tsn_plugin.analysis.trained_model import load_model, require_finite
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.models.heads import MultiTaskHead, SegmentConsensusHead

from .labels import ONLY

# Probabilities (classes,) by task, ONLY where there is one alone.
Scores = dict[str, NDArray[np.float32]]
# Scores (snippets, classes) before softmax, by task.
SnippetScores = dict[str, NDArray[np.float32]]


class TrainedModel:
    """A recogniser on a device.

    Args:
        config: The config.
        checkpoint: Its weights.
        device: Where it runs, as PyTorch names it.

    Attributes:
        classes: Number of classes by task, ``ONLY`` where there is one alone.
        multi_label: Whether a video may have several labels.

    Raises:
        CheckpointError: The checkpoint is not this model's.
        PluginError: The model has no classifier, or the device cannot be used.
    """

    def __init__(self, config: Config, checkpoint: Path, device: str) -> None:
        model = load_model(config, checkpoint)
        head: Any = getattr(model, 'cls_head', None)
        self._heads: dict[str, Any]
        if isinstance(head, MultiTaskHead):
            self._heads = dict(head.heads.items())
        elif isinstance(getattr(head, 'num_classes', None), int):
            self._heads = {ONLY: head}
        else:
            raise PluginError(
                f'the model of {config.filename} has no head that classifies videos '
                f'(cls_head with num_classes), got {type(head).__name__}'
            )
        self.classes: dict[str, int] = {
            task: own.num_classes for task, own in self._heads.items()
        }
        first = next(iter(self._heads.values()))
        self.multi_label = bool(getattr(first, 'multi_class', False))
        self._sigmoid_missing = _give_probabilities(model)
        self._integrates = not hasattr(model, 'temporal_head') and all(
            _integrates(own) for own in self._heads.values()
        )
        try:
            self._model: Any = model.to(device)
        except (RuntimeError, AssertionError) as error:
            reason = str(error).splitlines()[0]
            raise PluginError(f'device {device!r} cannot be used: {reason}') from error

    def keep_snippets(self) -> str | None:
        """Make predictions keep the scores of snippets, where a consensus needs them.

        Returns:
            Name of the consensus that brings the snippets of a long video together,
            None where testing has none of its own.

        Raises:
            PluginError: It needs more of a snippet than its scores.
        """
        if not self._integrates:
            return None
        for own in self._heads.values():
            own.keep_segment_scores = True
        consensus = next(iter(self._heads.values())).test_consensus
        try:
            self.integrate(
                {task: np.zeros((1, n), np.float32) for task, n in self.classes.items()}
            )
        except ValueError as error:
            raise PluginError(
                f'windows cannot be brought together by {type(consensus).__name__}: '
                f'{error}; predict the video whole (--mode whole)'
            ) from error
        return type(consensus).__name__

    def predict(
        self, samples: Sequence[dict[str, Any]]
    ) -> list[tuple[Scores, SnippetScores]]:
        """Predict a batch of samples of one shape."""
        with torch.inference_mode():
            found = self._model.test_step(pseudo_collate(samples))
        return [
            (
                {t: self._probabilities(v) for t, v in self._tasks(s.pred_score)},
                {
                    task: rows.float().cpu().numpy()
                    for task, rows in self._tasks(s.get('segment_scores'))
                },
            )
            for s in found
        ]

    def integrate(self, snippets: SnippetScores) -> Scores:
        """Bring the snippets of a whole video together as the head does in testing.

        Args:
            snippets: Those of all windows, in the order of time.

        Raises:
            ValueError: The consensus needs more than scores.
        """
        scores = {}
        for task, head in self._heads.items():
            rows = torch.from_numpy(snippets[task])
            agreed = head.test_consensus(rows[None])[0]
            shares = agreed.sigmoid() if head.multi_class else agreed.softmax(dim=0)
            scores[task] = shares.detach().numpy()
        return scores

    def _tasks(self, value: Any) -> list[tuple[str, Tensor]]:
        if value is None:
            return []
        return list((value if isinstance(value, dict) else {ONLY: value}).items())

    def _probabilities(self, scores: Tensor) -> NDArray[np.float32]:
        scores = require_finite(scores.float())
        return (scores.sigmoid() if self._sigmoid_missing else scores).cpu().numpy()


def _give_probabilities(model: nn.Module) -> bool:
    """Make heads average probabilities.

    Returns:
        Whether the sigmoid is still to be taken: with several labels a video, those of
        MMAction2 take a softmax.
    """
    heads: list[Any] = [part for part in model.modules() if isinstance(part, BaseHead)]
    several = any(head.multi_class for head in heads)
    own = all(type(head).average_clip is not BaseHead.average_clip for head in heads)
    for head in heads:
        head.average_clips = 'score' if several and not own else 'prob'
    return several and not own


def _integrates(head: nn.Module) -> bool:
    return (
        isinstance(head, SegmentConsensusHead)
        and head.test_consensus is not None
        and head.consensus_at == 'scores'
    )
