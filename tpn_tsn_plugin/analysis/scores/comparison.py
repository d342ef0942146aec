"""Streams alone and fused, side by side.

Shape letters: S streams, N samples, C classes.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import ScoreFileError
from tpn_tsn_plugin.functional.score_fusion import (
    activate,
    before_activation,
    check_weights,
    evaluate,
    find_activation,
    weighted_mean,
)
from tpn_tsn_plugin.functional.weight_search import FoundWeights, search_weights

from .files import JoinedScores

HOLDS = {'softmax': 'probabilities', 'sigmoid': 'probabilities', None: 'scores'}


@dataclass(frozen=True)
class Prepared:
    """Predictions in the form in which they are fused.

    Attributes:
        joined: Where they come from.
        values: (S, N, C).
        activation: What makes probabilities of them; None where they are.
        holds: What each file holds, in a word.
        notes: What a reader should know.
    """

    joined: JoinedScores
    values: NDArray
    activation: str | None
    holds: tuple[str, ...]
    notes: tuple[str, ...]

    def fuse(self, weights: Sequence[float]) -> NDArray:
        """Probabilities (N, C) of the fusion."""
        fused = weighted_mean(self.values, weights)
        return fused if self.activation is None else activate(fused, self.activation)


@dataclass(frozen=True)
class Comparison:
    """What streams are worth, alone and fused.

    Attributes:
        alone: The metrics of each stream; empty without labels.
        fused: The metrics of the fusion; empty without labels.
        probabilities: Of the fusion, (N, C).
        weights: One a stream, as they were given.
    """

    alone: tuple[dict[str, float], ...]
    fused: dict[str, float]
    probabilities: NDArray
    weights: tuple[float, ...]


def prepare(
    joined: JoinedScores, *, before_softmax: bool, activation: str | None = None
) -> Prepared:
    """Bring predictions into one form.

    Args:
        joined: The predictions.
        before_softmax: Whether they are fused before softmax (or sigmoid), or as
            probabilities.
        activation: What scores are meant to go through; needed only where neither the
            files nor single labels tell.

    Raises:
        ScoreFileError: The files went through different functions, or cannot tell.
    """
    found = [find_activation(values) for values in joined.values]
    chosen = _agree(joined, found, activation)
    streams = list(zip(joined.paths, joined.values, found, strict=True))
    if before_softmax:
        values = [before_activation(own, name) for _, own, name in streams]
        notes = [_note_on_limits(*stream) for stream in streams]
    else:
        values = [own if name else activate(own, chosen) for _, own, name in streams]
        notes = []
    return Prepared(
        joined,
        np.stack(values),
        chosen if before_softmax else None,
        tuple(HOLDS[name] for name in found),
        tuple(note for note in notes if note),
    )


def _agree(joined: JoinedScores, found: Sequence[str | None], asked: str | None) -> str:
    kinds = {name: path for path, name in zip(joined.paths, found) if name is not None}
    if len(kinds) > 1:
        raise ScoreFileError(
            f'{kinds["softmax"]} holds probabilities of sum 1, but {kinds["sigmoid"]} '
            'does not; only streams trained with one kind of loss can be fused'
        )
    for name, path in kinds.items():
        if asked not in (None, name):
            raise ScoreFileError(
                f'{path} holds probabilities after {name}, so --activation must be '
                f'{name!r} or left out, got {asked!r}'
            )
        return name
    if asked is not None:
        return asked
    if joined.labels is not None and joined.labels.ndim == 1:
        return 'softmax'
    raise ScoreFileError(
        f'{joined.paths[0]} holds scores, and without one label a sample nothing shows '
        'what makes probabilities of them; give --activation softmax or --activation '
        'sigmoid, whichever the model was trained with'
    )


def _note_on_limits(path: Path, values: NDArray, activation: str | None) -> str:
    """Say how many probabilities have no score that could be told from them."""
    if activation is None:
        return ''
    at_limit = values <= 0
    if activation == 'sigmoid':
        at_limit |= values >= 1
    if not at_limit.any():
        return ''
    limit = 'exactly 0' if activation == 'softmax' else 'exactly 0 or 1'
    return (
        f'{path}: {at_limit.sum()} of {values.size} probabilities are {limit}; before '
        f'{activation} they count as the nearest that {values.dtype} can hold'
    )


def compare(prepared: Prepared, weights: Sequence[float]) -> Comparison:
    """Measure each stream alone, and their fusion.

    Raises:
        ValueError: The weights do not fit.
    """
    num_streams = len(prepared.values)
    check_weights(weights, num_streams)
    labels = prepared.joined.labels
    probabilities = prepared.fuse(weights)
    given = tuple(map(float, weights))
    if labels is None:
        return Comparison(({},) * num_streams, {}, probabilities, given)
    alone = (
        evaluate(prepared.fuse(row), labels) for row in np.eye(num_streams).tolist()
    )
    return Comparison(
        tuple(alone), evaluate(probabilities, labels), probabilities, given
    )


def search(
    validation: Prepared,
    test: JoinedScores,
    *,
    metric: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FoundWeights:
    """Search weights on validation data.

    Args:
        validation: Predictions of the same streams for other videos.
        test: What the weights are for, which must not decide on them.
        metric: What is to be as high as it can; None for ``top1``, or for
            ``mean_average_precision`` with several labels a sample.
        progress: See :func:`search_weights`.

    Raises:
        ScoreFileError: The validation files do not fit, have no labels, or are the test
            data.
        ValueError: The metric has no meaning for these labels.
    """
    joined = validation.joined
    if len(joined.paths) != len(test.paths):
        raise ScoreFileError(
            f'--search needs one validation file for each of the {len(test.paths)} '
            f'streams, in their order, got {len(joined.paths)}'
        )
    if joined.values[0].shape[1] != test.values[0].shape[1]:
        raise ScoreFileError(
            f'{joined.paths[0]} has {joined.values[0].shape[1]} classes, but '
            f'{test.paths[0]} has {test.values[0].shape[1]}; search weights with the '
            'same models'
        )
    if joined.labels is None:
        raise ScoreFileError(
            f'{joined.paths[0]} has no labels, and a search needs them; give the '
            'predictions for a validation list'
        )
    _require_other_predictions(joined, test)
    if metric is None:
        metric = 'top1' if joined.labels.ndim == 1 else 'mean_average_precision'
    return search_weights(
        validation.values,
        joined.labels,
        metric=metric,
        activation=validation.activation,
        progress=progress,
    )


def _require_other_predictions(validation: JoinedScores, test: JoinedScores) -> None:
    """Require that weights are not searched on what they are then measured on.

    A copy of the test data is known by its predictions: names such as ``0001`` may be
    those of other videos in each list.
    """
    same_files = {path.resolve() for path in validation.paths} & {
        path.resolve() for path in test.paths
    }
    is_copy = validation.samples == test.samples and any(
        np.array_equal(*pair) for pair in zip(validation.values, test.values)
    )
    if same_files or is_copy:
        what = min(same_files) if same_files else validation.paths[0]
        raise ScoreFileError(
            f'{what} holds the predictions that are to be fused: weights searched on '
            'them would be measured on what chose them; search on a validation list'
        )
