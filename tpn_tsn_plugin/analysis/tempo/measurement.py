"""The visual tempo of every instance, and how much it varies within each class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tpn_tsn_plugin.errors import TempoStudyError, require_one_of
from tpn_tsn_plugin.functional.visual_tempo import (
    class_variances,
    half_maximum_lobe,
    smooth_curve,
)

from .curves import Curve

UNITS = ('frames', 'seconds')


@dataclass(frozen=True)
class Instance:
    """One action instance; its widths are FWHM.

    Attributes:
        video_id: Identity of the video.
        label: Class index.
        class_name: What the class is called.
        frames: Number of frames of the video.
        fps: Frames per second, None where it is not known.
        width_frames: Width in frames.
        width_seconds: Width in seconds, None without ``fps``.
        peak_frame: Frame of the maximum, from 0 on.
        maximum: Greatest probability.
        peaks: Lobes that reach half the maximum.
        censored: Whether the width is cut at a border of the video.
    """

    video_id: str
    label: int
    class_name: str
    frames: int
    fps: float | None
    width_frames: float
    width_seconds: float | None
    peak_frame: int
    maximum: float
    peaks: int
    censored: bool

    def width(self, unit: str) -> float:
        """Width in a unit; NaN where it is not known."""
        width = self.width_frames if unit == 'frames' else self.width_seconds
        return np.nan if width is None else width


@dataclass(frozen=True)
class ClassTempo:
    """How the tempo of a class varies.

    Attributes:
        label: Class index.
        class_name: What the class is called.
        instances: Number of instances.
        censored: How many of them are cut at a border.
        mean_width: Mean width, in the unit of the study.
        variance: Variance of the widths, unbiased, in the square of that unit.
    """

    label: int
    class_name: str
    instances: int
    censored: int
    mean_width: float
    variance: float


def measure(
    curves: Sequence[Curve],
    classes: Sequence[str] | None = None,
    baseline: str = 'zero',
    smooth: float = 0,
) -> list[Instance]:
    """Measure the width of every curve.

    Args:
        curves: A curve an instance.
        classes: Names of the classes; their indices where they are not known.
        baseline: See :func:`half_maximum_lobe`.
        smooth: See :func:`smooth_curve`.

    Raises:
        ValueError: A curve has no width; the message names the video.
    """
    instances = []
    for curve in curves:
        try:
            lobe = half_maximum_lobe(smooth_curve(curve.values, smooth), baseline)
        except ValueError as error:
            raise ValueError(f'{curve.video_id}: {error}') from None
        instances.append(
            Instance(
                video_id=curve.video_id,
                label=curve.label,
                class_name=classes[curve.label] if classes else str(curve.label),
                frames=len(curve.values),
                fps=curve.fps,
                width_frames=lobe.width,
                width_seconds=lobe.width / curve.fps if curve.fps else None,
                peak_frame=lobe.peak,
                maximum=lobe.maximum,
                peaks=lobe.peaks,
                censored=lobe.censored,
            )
        )
    return instances


def tempo_by_class(
    instances: Sequence[Instance], unit: str = 'frames'
) -> tuple[list[ClassTempo], list[str]]:
    """Bring instances together by class.

    Args:
        instances: Of all classes.
        unit: ``'frames'`` or ``'seconds'``.

    Returns:
        Classes, the one that varies most first, and the names of those that have a
        single instance and no variance.

    Raises:
        ValueError: The unit is unknown.
        TempoStudyError: It is seconds and no frame rate is known, or no class has two
            instances.
    """
    require_one_of('unit', unit, UNITS)
    if unit == 'seconds' and any(own.fps is None for own in instances):
        raise TempoStudyError(
            'widths in seconds need the frame rate of every video, which folders of '
            'frames do not tell; take --unit frames'
        )
    names = {own.label: own.class_name for own in instances}
    widths = [own.width(unit) for own in instances]
    labels = np.array([own.label for own in instances])
    variances, counts = class_variances(widths, labels, max(names, default=-1) + 1)
    found, left_out = [], []
    for label, name in sorted(names.items()):
        own = [instance for instance in instances if instance.label == label]
        if counts[label] < 2:
            left_out.append(name)
            continue
        found.append(
            ClassTempo(
                label=label,
                class_name=name,
                instances=len(own),
                censored=sum(instance.censored for instance in own),
                mean_width=float(np.mean([i.width(unit) for i in own])),
                variance=float(variances[label]),
            )
        )
    if not found:
        raise TempoStudyError(
            f'none of {len(left_out)} classes has two instances, so none has a '
            'variance; measure more videos'
        )
    return sorted(found, key=lambda own: -own.variance), left_out
