"""Gain of one model over another, class by class, against how much tempo varies.

Source: TPN (CVPR 2020), section 4.3 and Figure 4. Shape letters: N videos, C classes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.analysis.scores.files import join_score_files, read_score_file
from tpn_tsn_plugin.errors import TempoStudyError
from tpn_tsn_plugin.functional.tempo_gain import (
    Correlation,
    bin_means,
    can_correlate,
    correlate,
    fit_line,
)

from .measurement import ClassTempo


@dataclass(frozen=True)
class ClassGain:
    """What a class gains.

    Attributes:
        baseline: Name of the baseline.
        model: Name of the model.
        label: Class index.
        class_name: What the class is called.
        variance: Variance of its visual tempo.
        videos: Number of videos that were tested.
        baseline_accuracy: Its top-1 accuracy in percent with the baseline.
        model_accuracy: The same with the model.
        gain: Their difference in points.
    """

    baseline: str
    model: str
    label: int
    class_name: str
    variance: float
    videos: int
    baseline_accuracy: float
    model_accuracy: float
    gain: float


@dataclass(frozen=True)
class GainStudy:
    """Gain of a model over the baseline against the variance of visual tempo.

    Attributes:
        baseline: Name of the baseline.
        model: Name of the model.
        classes: In the order of the variances.
        slope: Of the least-squares line over the classes, points per unit of variance;
            NaN where all have one variance.
        intercept: Its gain at variance 0; NaN likewise.
        bins: Mean variance, mean gain and number of classes of each bin.
        pearson: Correlation of variance and gain; None where too few classes differ.
        spearman: Rank correlation of variance and gain; None likewise.
    """

    baseline: str
    model: str
    classes: tuple[ClassGain, ...]
    slope: float
    intercept: float
    bins: tuple[tuple[float, float, int], ...]
    pearson: Correlation | None
    spearman: Correlation | None


def study_gain(
    names: tuple[str, str],
    dumps: tuple[Path, Path],
    tempi: Sequence[ClassTempo],
    num_classes: int,
    *,
    bin_by: str = 'classes',
    bin_size: float = 10,
) -> GainStudy:
    """Compare two saved predictions class by class, and with the tempo of the classes.

    Args:
        names: Of the baseline and of the model.
        dumps: Their predictions, as ``--dump`` saves them; joined by identity.
        tempi: Classes with their variance.
        num_classes: Classes of the model that measured them.
        bin_by: See :func:`bin_means`.
        bin_size: See :func:`bin_means`.

    Raises:
        ScoreFileError: The predictions are no two of the same videos.
        TempoStudyError: They are for other classes, or for none whose tempo was
            measured.
    """
    joined = join_score_files([read_score_file(path) for path in dumps])
    labels = joined.labels
    if labels is None or labels.ndim != 1:
        raise TempoStudyError(
            f'{dumps[0]} has no single label a video, so classes have no accuracy; '
            'test on videos with one class each'
        )
    classes = joined.values[0].shape[1]
    if classes != num_classes:
        raise TempoStudyError(
            f'{dumps[0]} has {classes} classes, but tempo was measured for '
            f'{num_classes}; predict and measure with the same list of classes'
        )
    before, after = (_class_accuracies(own, labels) for own in joined.values)
    counts = np.bincount(labels, minlength=num_classes)
    rows = tuple(
        ClassGain(
            *names,
            label=own.label,
            class_name=own.class_name,
            variance=own.variance,
            videos=int(counts[own.label]),
            baseline_accuracy=100 * float(before[own.label]),
            model_accuracy=100 * float(after[own.label]),
            gain=100 * float(after[own.label] - before[own.label]),
        )
        for own in sorted(tempi, key=lambda own: own.variance)
        if counts[own.label]
    )
    if not rows:
        raise TempoStudyError(
            f'none of {len(tempi)} measured classes is among the {len(labels)} videos '
            f'of {dumps[0]}; predict and measure videos of the same classes'
        )
    x, y = [row.variance for row in rows], [row.gain for row in rows]
    related = can_correlate(x, y)
    slope, intercept = fit_line(x, y)
    return GainStudy(
        *names,
        classes=rows,
        slope=slope,
        intercept=intercept,
        bins=tuple(bin_means(x, y, by=bin_by, size=bin_size)),
        pearson=correlate(x, y, 'pearson') if related else None,
        spearman=correlate(x, y, 'spearman') if related else None,
    )


def _class_accuracies(values: NDArray, labels: NDArray) -> NDArray[np.float64]:
    """Top-1 accuracy (C,) of each class; NaN where no video has it."""
    classes = values.shape[1]
    hits = labels[values.argmax(axis=1) == labels]
    counts = np.bincount(labels, minlength=classes)
    right = np.bincount(hits, minlength=classes)
    return np.divide(right, counts, out=np.full(classes, np.nan), where=counts > 0)
