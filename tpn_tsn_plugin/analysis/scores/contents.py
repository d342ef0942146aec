"""What a file of predictions holds: scores and labels of each sample.

Shape letters: N samples, C classes.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import ScoreFileError

# What MMAction2's datasets give a video without label.
UNKNOWN = -1

Sample = Mapping[str, Any]


def choose_task(
    path: Path, samples: Sequence[Sample], task: str | None
) -> list[Sample]:
    """Choose among several predictions a sample, such as verb and noun.

    Args:
        path: Their file, for messages.
        samples: As they were dumped. A label a task comes in the order of the tasks.
        task: Its name; None where a sample has one prediction.

    Returns:
        Samples with one prediction.

    Raises:
        ScoreFileError: The samples have no such task, or several and none was chosen.
    """
    tasks = samples[0].get('pred_score')
    if not isinstance(tasks, dict):
        if task is not None:
            raise ScoreFileError(f'{path} has no tasks to choose {task!r} from')
        return list(samples)
    names = [str(name) for name in tasks]
    if task not in names:
        raise ScoreFileError(
            f'{path} has predictions for {len(names)} tasks, {", ".join(names)}, which '
            f'are fused one at a time; give --task, one of these, got {task}'
        )
    chosen: list[Sample] = []
    for sample in samples:
        own = sample.get('pred_score')
        if not isinstance(own, dict) or list(own) != names:
            raise ScoreFileError(f'{path}: not all samples have the tasks {names}')
        label = _flatten(sample.get('gt_label'))
        if len(label) == len(names):
            label = label[names.index(task)]
        chosen.append({**sample, 'pred_score': own[task], 'gt_label': label})
    return chosen


def read_values(path: Path, samples: Sequence[Sample]) -> NDArray:
    """Read predictions.

    Args:
        path: Their file, for messages.
        samples: As they were dumped.

    Returns:
        (N, C).

    Raises:
        ScoreFileError: A sample has no finite number a class, or other classes.
    """
    values: list[NDArray] = []
    for i, sample in enumerate(samples):
        score = sample.get('pred_score')
        if fault := _fault(score, len(values[0]) if values else None):
            raise ScoreFileError(f'{path}: pred_score of sample {i} is {fault}')
        values.append(np.asarray(score))
    return np.stack(values)


def _fault(score: Any, num_classes: int | None) -> str:
    if not isinstance(score, np.ndarray) or score.dtype.kind != 'f':
        return f'{type(score).__name__}, not one number a class'
    if score.ndim != 1 or not len(score):
        return (
            f'of shape {score.shape}, not one number a class; test again with '
            "average_clips='prob' in the head"
        )
    if num_classes not in (None, len(score)):
        return f'of {len(score)} classes, but those before have {num_classes}'
    if not np.isfinite(score).all():
        return 'not finite; the model has diverged, so test another checkpoint'
    return ''


def read_labels(
    path: Path, samples: Sequence[Sample], num_classes: int
) -> NDArray | None:
    """Read labels as MMAction2 keeps them: one class index, or a value a class.

    Args:
        path: Their file, for messages.
        samples: As they were dumped.
        num_classes: C.

    Returns:
        Class indices (N,); several labels a sample as (N, C) of booleans; or None where
        no sample has a label.

    Raises:
        ScoreFileError: Some samples have none, or one is no such label.
    """
    labels = [_flatten(sample.get('gt_label')) for sample in samples]
    unknown = [label.tolist() in ([], [UNKNOWN]) for label in labels]
    if all(unknown):
        return None
    if any(unknown):
        raise ScoreFileError(
            f'{path}: {sum(unknown)} of {len(labels)} samples have no gt_label, first '
            f'sample {unknown.index(True)}; complete the list and test again'
        )
    is_single = all(len(label) == 1 for label in labels)
    hot = np.zeros((len(labels), num_classes), dtype=bool)
    for i, label in enumerate(labels):
        if len(label) == num_classes and not is_single:
            if not np.isin(label, (0, 1)).all():
                raise _faulty(path, i, label, num_classes)
            hot[i] = label == 1
        elif np.isin(label, np.arange(num_classes)).all():
            hot[i, label.astype(int)] = True
        else:
            raise _faulty(path, i, label, num_classes)
    if is_single:
        return hot.argmax(axis=1)
    # Data sets that keep their labels secret have none at all.
    return hot if hot.any() else None


def as_sets(labels: NDArray) -> list[set[int]]:
    """Each sample's class indices.

    Args:
        labels: (N,), or (N, C) of booleans.
    """
    if labels.ndim == 1:
        return [{int(label)} for label in labels]
    return [set(np.flatnonzero(label).tolist()) for label in labels]


def _flatten(entry: Any) -> NDArray:
    if entry is None:
        return np.empty(0)
    try:
        label = np.asarray(entry).reshape(-1)
    except ValueError:
        label = np.empty(1, object)
    # What is no number is no class either.
    return label if label.dtype.kind in 'biuf' else np.array([np.nan])


def _faulty(path: Path, i: int, label: NDArray, num_classes: int) -> ScoreFileError:
    shown = label.tolist() if len(label) < 5 else f'{len(label)} values'
    return ScoreFileError(
        f'{path}: gt_label of sample {i} must be a class from 0 to {num_classes - 1}, '
        f'or {num_classes} values of 0 and 1, got {shown}; test again with the labels '
        'of these classes'
    )
