"""Pictures of a tempo study, as the paper's Figures 1, 4 and 5, and of curves."""

import io
from collections.abc import Sequence
from itertools import cycle, product
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import one_line
from tpn_tsn_plugin.functional.visual_tempo import half_maximum_lobe, smooth_curve

from .curves import Curve
from .gain import GainStudy
from .measurement import ClassTempo, Instance
from .robustness import TestResult
from .truth import TruthComparison

RED, BLUE, GREY, GREEN = '#c0392b', '#2f65ba', '#8a8a94', '#268a54'
COLOURS = (BLUE, RED, GREEN, '#8e5bb5', '#c98a1b', GREY)
LINES = ('-', '--', ':', '-.')
DPI = 110
# Above this many classes names cannot be read.
MOST_NAMES = 40
CURVES_SHOWN = 6
LONGEST_NAME = 34


def to_png(figure: Figure) -> bytes:
    """A figure as PNG."""
    file = io.BytesIO()
    figure.savefig(file, format='png', dpi=DPI)
    return file.getvalue()


def draw_curves(
    curves: Sequence[Curve],
    instances: Sequence[Instance],
    baseline: str = 'zero',
    smooth: float = 0,
) -> Figure:
    """Curves from the narrowest to the widest, with what was measured."""
    order = np.argsort([own.width_frames for own in instances], kind='stable')
    places = np.linspace(0, len(order) - 1, min(CURVES_SHOWN, len(order)))
    chosen = order[places.round().astype(int)]
    rows = -(-len(chosen) // 3)
    figure = Figure(figsize=(10, 2.6 * rows + 0.3), layout='constrained')
    axes = figure.subplots(rows, 3, sharey=True, squeeze=False)
    for axis in axes.flat[len(chosen) :]:
        axis.axis('off')
    for axis, index in zip(axes.flat, chosen):
        values = curves[index].values
        if smooth:
            axis.plot(values, color=GREY, linewidth=0.6, label='before smoothing')
        name = f'smoothed ({smooth:g} frames)' if smooth else 'curve'
        shown = smooth_curve(values, smooth)
        _draw_curve(axis, shown, instances[index], baseline, name)
    for axis in axes[:, 0]:
        axis.set_ylabel('probability of the class')
    handles, names = axes[0, 0].get_legend_handles_labels()
    look: dict[str, Any] = dict(fontsize=8, frameon=False, ncols=len(names))
    figure.legend(handles, names, loc='outside upper center', **look)
    return figure


def _draw_curve(
    axis: Axes, values: NDArray, own: Instance, baseline: str, name: str
) -> None:
    lobe = half_maximum_lobe(values, baseline)
    axis.plot(values, color=BLUE, linewidth=1.4, label=name)
    thin: dict[str, Any] = dict(color=GREY, linewidth=0.8, linestyle=':')
    axis.axhline(lobe.half, label='half of the maximum', **thin)
    thick: dict[str, Any] = dict(color=RED, linewidth=2.5)
    ends = lobe.left, lobe.right
    axis.hlines(lobe.half, *ends, label='full width there (FWHM)', **thick)
    axis.axvspan(lobe.left, lobe.right, color=RED, alpha=0.08, linewidth=0)
    cut = ', cut' if lobe.censored else ''
    seconds = '' if own.width_seconds is None else f' = {own.width_seconds:.2f} s'
    axis.set_title(
        f'{_short(own.class_name)}\nFWHM {lobe.width:.1f} frames{seconds}{cut}',
        fontsize=9,
    )
    axis.set_xlabel('frame')
    axis.set_ylim(0, max(1.05, 1.05 * lobe.maximum))


def draw_variances(tempi: Sequence[ClassTempo], unit: str) -> Figure:
    """Classes sorted by the variance of their tempo, as in the paper's Figure 1."""
    figure = Figure(figsize=(10, 4.2), layout='constrained')
    axis = figure.subplots()
    places = np.arange(len(tempi))
    axis.bar(places, [own.variance for own in tempi], color=BLUE, width=0.8)
    axis.set_ylabel(f'variance of FWHM, {unit}²')
    if len(tempi) <= MOST_NAMES:
        names = [_short(own.class_name) for own in tempi]
        axis.set_xticks(places, names, rotation=40, ha='right', fontsize=8)
        axis.set_xlabel('class')
    else:
        first, last = _short(tempi[0].class_name), _short(tempi[-1].class_name)
        axis.set_xlabel(
            f'class, sorted by variance: from {first} (most) to {last} (least)'
        )
    axis.set_xlim(-0.7, len(tempi) - 0.3)
    _tidy(axis)
    return figure


def draw_truth(truth: TruthComparison) -> Figure:
    """Measured width against true period, and against the action's true length.

    The period is left out where every action is one cycle, which is as long. Instances
    that are cut at a border are hollow.
    """
    timed = [own for own in truth.instances if own.true_seconds is not None]
    lengths = [own.true_seconds or 0 for own in timed]
    periods = [1 / own.tempo_hz for own in timed]
    panels = []
    if len(timed) < len(truth.instances) or not np.allclose(lengths, periods):
        label = 'true period (1 / tempo), seconds'
        panels.append((label, list(truth.instances), lambda own: 1 / own.tempo_hz))
    if timed:
        label = 'true length of the action, seconds (dashed: equal)'
        panels.append((label, timed, lambda own: own.true_seconds))
    figure = Figure(figsize=(5 * len(panels), 4.4), layout='constrained')
    axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axis, (label, instances, place) in zip(axes, panels, strict=True):
        for name, colour in zip(truth.within, cycle(COLOURS)):
            own = [i for i in instances if i.motion == name]
            widths = [i.width_seconds for i in own]
            fill = ['none' if i.censored else colour for i in own]
            look = dict(s=14, edgecolors=colour, linewidths=0.9, facecolors=fill)
            axis.scatter([*map(place, own)], widths, **look)
            axis.scatter([], [], s=14, color=colour, label=_short(name))
        if any(own.censored for own in instances):
            hollow = dict(s=14, edgecolors=GREY, linewidths=0.9, facecolors='none')
            axis.scatter([], [], label='hollow: cut at a border', **hollow)
        axis.set_xlabel(label)
        axis.set_ylabel('measured FWHM, seconds')
        axis.set_ylim(bottom=0)
        _tidy(axis)
    axes[0].legend(fontsize=8, frameon=False, loc='upper left')
    if timed:
        line = [0, max(lengths)]
        axes[-1].plot(line, line, color=GREY, linewidth=1, linestyle='--')
    return figure


def draw_gain(study: GainStudy, unit: str, bins: str) -> Figure:
    """Gain against variance, as in the paper's Figure 4."""
    figure = Figure(figsize=(7.5, 4.6), layout='constrained')
    axis = figure.subplots()
    x = np.array([own.variance for own in study.classes])
    y = [own.gain for own in study.classes]
    axis.scatter(x, y, s=16, color=GREY, label='a class')
    axis.scatter(
        [mean for mean, _, _ in study.bins],
        [gain for _, gain, _ in study.bins],
        s=46,
        color=RED,
        label=f'mean of a bin ({bins})',
        zorder=3,
    )
    if np.isfinite(study.slope):
        ends = np.array([x.min(), x.max()])
        line = study.intercept + study.slope * ends
        axis.plot(ends, line, color=BLUE, label='least squares over the classes')
    axis.axhline(0, color='black', linewidth=0.6)
    axis.set_xlabel(f'variance of visual tempo (FWHM), {unit}²')
    axis.set_ylabel(
        f'gain of {_short(study.model)}\nover {_short(study.baseline)}, points'
    )
    figure.legend(fontsize=8, frameon=False, loc='outside upper center', ncols=3)
    _tidy(axis)
    return figure


def draw_robustness(results: Sequence[TestResult], grouped: bool = False) -> Figure:
    """Accuracy and drop by sampling interval, as in the paper's Figure 5."""
    figure = Figure(figsize=(10, 4.2), layout='constrained')
    left, right = figure.subplots(1, 2)
    names = dict.fromkeys(own.model for own in results)
    for name, (line, colour) in zip(names, cycle(product(LINES, COLOURS))):
        look = dict(marker='o', markersize=4, color=colour, linestyle=line)
        own = [result for result in results if result.model == name]
        speeds = [result.speed for result in own]
        shown = [
            (result.group_accuracy or 0) if grouped else result.accuracy
            for result in own
        ]
        trained = shown[speeds.index(1)]
        left.plot(speeds, shown, label=_short(name), **look)
        right.plot(speeds, [value - trained for value in shown], **look)
    for axis in (left, right):
        axis.axvline(1, color=GREY, linewidth=0.8, linestyle=':')
        axis.set_xlabel('sampling interval / trained interval (dotted: trained)')
        _tidy(axis)
    what = 'top-1 of the groups' if grouped else 'accuracy'
    left.set_ylabel(f'{what}, %')
    left.set_ylim(0, 100)
    figure.legend(fontsize=8, frameon=False, loc='outside upper center', ncols=4)
    right.set_ylabel('against the trained interval, points')
    return figure


def _tidy(axis: Axes) -> None:
    axis.spines[['top', 'right']].set_visible(False)


def _short(name: str) -> str:
    name = one_line(name.replace('_', ' '))
    short = name if len(name) <= LONGEST_NAME else f'{name[: LONGEST_NAME - 1]}…'
    # A dollar sign would start a formula.
    return short.replace('$', r'\$')
