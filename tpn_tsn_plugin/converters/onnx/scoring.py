"""From frames to the scores of videos, on tensors alone.

MMAction2's recognisers take samples and write into them, one by one, which no graph
can do for any number of videos. Here is what they compute in testing, in terms of what
recognisers and heads offer: features, scores, and the average over views.

Shape letters: N videos, V views (crops times clips), K segments.
"""

from collections.abc import Mapping
from typing import Any

from mmaction.models.data_preprocessors import ActionDataPreprocessor
from mmaction.models.heads import BaseHead
from mmaction.models.recognizers import Recognizer2D, Recognizer3D
from mmaction.structures import ActionDataSample
from torch import Tensor, nn

from tpn_tsn_plugin.errors import ExportError
from tpn_tsn_plugin.models.heads import MultiTaskHead
from tpn_tsn_plugin.models.recognizers import TwoStreamRecognizer

from .inputs import ONLY_INPUT

Scores = dict[str, Tensor]


class VideoScores(nn.Module):
    """A recogniser with its data preprocessor, as a function of tensors.

    Args:
        model: The recogniser, in evaluation mode.
        segments: K as samples tell it to the model, None where they do not.

    Raises:
        ExportError: It is no such model, or its head asks for what a graph cannot give.

    Attributes:
        input_names: Names of what :meth:`forward` takes, in their order.
        output_names: Names of what it returns: ``scores``, or ``scores_TASK`` each.
    """

    # MMAction2's recognisers have no common type that offers what is used here.
    model: Any

    def __init__(self, model: nn.Module, segments: int | None) -> None:
        super().__init__()
        self.model = model
        self.segments = segments
        self._heads = _heads(model)
        for head in self._heads.values():
            for own in _by_task(head).values():
                _check_head(own)
        self.preprocessors = nn.ModuleDict(_preprocessors(model))
        self.input_names = list(self.preprocessors)
        tasks = list(_by_task(next(iter(self._heads.values()))))
        self.output_names = [f'scores_{task}' if task else 'scores' for task in tasks]

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """Score videos.

        Args:
            inputs: (N, V·K, C, H, W) or (N, V, C, T, H, W) each, as a test pipeline
                hands them over: from 0 to 255, not normalised.

        Returns:
            (N, classes) of each task.
        """
        videos = inputs[0].shape[0]
        features, options = self._features(
            {
                name: _normalise(x, preprocessor)
                for x, (name, preprocessor) in zip(inputs, self.preprocessors.items())
            }
        )
        scores = [
            self._score(head, features[stream], options[stream], videos)
            for stream, head in self._heads.items()
        ]
        if len(scores) == 1:
            return tuple(scores[0].values())
        return (self._fuse([own[''] for own in scores]),)

    def _features(
        self, inputs: dict[str, Tensor]
    ) -> tuple[Mapping[str, Any], Mapping[str, dict[str, Any]]]:
        """What each head takes, and the keywords beside it."""
        if isinstance(self.model, TwoStreamRecognizer):
            told = {} if self.segments is None else {'num_clips': self.segments}
            sample = ActionDataSample(metainfo=told)
            return self.model.extract_feat(inputs, 'neck', [sample], test_mode=True)
        found, options = self.model.extract_feat(inputs[ONLY_INPUT], test_mode=True)
        return {'': found}, {'': options}

    def _score(
        self, head: nn.Module, features: Any, options: dict[str, Any], videos: int
    ) -> Scores:
        """(N, classes) of each task of a head."""
        scores = {}
        for task, own in _by_task(head).items():
            segments = getattr(own, 'test_segments', None) or self.segments
            by_view = own(features, **{**options, 'segments': segments})
            # Each row as if it were a video of one view: this takes the softmax.
            rows = own.average_clip(by_view, num_segs=1)
            scores[task] = rows.reshape(videos, -1, rows.shape[-1]).mean(dim=1)
        return scores

    def _fuse(self, scores: list[Tensor]) -> Tensor:
        weights = self.model.head_weights
        weighted = [weight * own for weight, own in zip(weights, scores, strict=True)]
        return sum(weighted[1:], weighted[0]) / sum(weights)

    @property
    def meaning(self) -> str:
        """What the scores are, in words."""
        head = next(iter(_by_task(next(iter(self._heads.values()))).values()))
        if head.average_clips == 'score':
            return 'class scores before softmax, averaged over views'
        # With several labels a video, MMAction2's own heads take a softmax as well.
        own = type(head).average_clip is not BaseHead.average_clip
        function = 'sigmoid' if head.multi_class and own else 'softmax'
        return f'probabilities ({function}), averaged over views'

    @property
    def classes(self) -> dict[str, int]:
        """Number of classes by task, '' where there is one alone."""
        heads = _by_task(next(iter(self._heads.values())))
        return {task: head.num_classes for task, head in heads.items()}


def _heads(model: nn.Module) -> dict[str, nn.Module]:
    """The heads by stream, '' where there is one stream alone."""
    if isinstance(model, TwoStreamRecognizer):
        return {s: model.get_submodule(name) for s, name in model.heads.items()}
    if not isinstance(model, Recognizer2D | Recognizer3D) or not model.with_cls_head:
        raise ExportError(
            f'{type(model).__name__} cannot be exported; Recognizer2D, Recognizer3D, '
            'those built on them and TwoStreamRecognizer can, with a head'
        )
    return {'': model.cls_head}


def _by_task(head: nn.Module) -> dict[str, Any]:
    return dict(head.heads.items()) if isinstance(head, MultiTaskHead) else {'': head}


def _check_head(head: Any) -> None:
    if head.average_clips is None:
        raise ExportError(
            "average_clips of the head must be 'prob' or 'score', so that a video has "
            'one score a class, got None; set it by --cfg-options '
            'model.cls_head.average_clips=prob'
        )
    if getattr(head, 'view_pooling', 'average') != 'average':
        raise ExportError(
            f'view_pooling={head.view_pooling!r} of the head, which takes the maximum '
            'over views before the consensus, cannot be exported; for one view '
            "'average' is the same: --cfg-options model.cls_head.view_pooling=average"
        )


def _preprocessors(model: nn.Module) -> dict[str, nn.Module]:
    whole: Any = model.data_preprocessor
    named = getattr(whole, 'preprocessors', {ONLY_INPUT: whole})
    for own in named.values():
        if not isinstance(own, ActionDataPreprocessor) or own.format_shape not in (
            'NCHW',
            'NCTHW',
        ):
            raise ExportError(
                "the data preprocessor must be ActionDataPreprocessor of 'NCHW' or "
                f"'NCTHW', or several of them, got {type(own).__name__} of "
                f'{getattr(own, "format_shape", None)!r}'
            )
    return dict(named.items())


def _normalise(x: Tensor, preprocessor: Any) -> Tensor:
    """What the preprocessor does with a batch; channels are the third axis."""
    if preprocessor.to_rgb:
        x = x.flip(2)
    if not hasattr(preprocessor, 'mean'):
        return x
    return (x - preprocessor.mean) / preprocessor.std
