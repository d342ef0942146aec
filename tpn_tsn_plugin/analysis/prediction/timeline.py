"""A picture of a long video: the scores of its top classes over time.

One row a class, so that nothing overlaps however many windows there are.
"""

import textwrap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.output_files import written_whole

from .labels import ONLY, ClassNames
from .predictor import Prediction
from .report import describe

ROWS = 6
# A class that never comes up to here would be an empty row.
LEAST_PEAK = 0.05
WIDTH, ROW_HEIGHT, HEADER = 11.0, 0.78, 1.5
LABEL_WIDTH, LABEL_LINES = 30, 3
COLOURS = ('#2f65ba', '#ca3e47', '#268a54', '#8c5fb0', '#c77b1f', '#3a8fa3')
TICKS = 12
# Characters of a file name above the picture; longer ones lose their middle.
LONGEST_NAME = 90
# How time is filled that could not be read.
UNREAD = dict(facecolor='0.95', edgecolor='0.7', hatch='///', linewidth=0)
# Seconds from which on the axis of time counts minutes, and hours.
IN_MINUTES, IN_HOURS = 180.0, 3 * 3600.0
# Seconds between two ticks of such an axis.
STEPS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)


@dataclass(frozen=True)
class Row:
    """A class over time.

    Attributes:
        label: Its name.
        values: (windows,) its probability.
        best: (windows,) whether it is the most probable of its task.
    """

    label: str
    values: NDArray[np.float32]
    best: NDArray[np.bool_]


def top_rows(prediction: Prediction, names: ClassNames, rows: int = ROWS) -> list[Row]:
    """Choose the classes that are most often the most probable.

    Where classes are so equally often, those of the higher mean come first. Classes
    that never matter are left out.

    Args:
        prediction: Its windows.
        names: Names of the classes by task.
        rows: How many are shown, of all tasks together.
    """
    chosen = []
    share = max(1, rows // len(names))
    for task, labels in names.items():
        scores = np.stack([window.scores[task] for window in prediction.windows])
        best = scores.argmax(axis=1)
        counts = np.bincount(best, minlength=len(labels))
        order = np.lexsort([-scores.mean(axis=0), -counts])
        prefix = '' if task == ONLY else f'{task}: '
        chosen += [
            Row(prefix + labels[i], scores[:, i], best == i)
            for rank, i in enumerate(order[:share])
            if rank == 0 or scores[:, i].max() >= LEAST_PEAK
        ]
    return chosen


def time_ticks(duration: float) -> tuple[list[float], list[str], str]:
    """Divide the axis of time as players of videos count it.

    Args:
        duration: Its length in seconds.

    Returns:
        Ticks in seconds, their labels, and what the labels count.
    """
    if duration < IN_MINUTES:
        found = MaxNLocator(TICKS).tick_values(0, duration)
        ticks = [float(tick) for tick in found if 0 <= tick <= duration]
        return ticks, [f'{tick:g}' for tick in ticks], 's'
    step = next((step for step in STEPS if duration <= TICKS * step), STEPS[-1])
    ticks = np.arange(0.0, duration, step).tolist()
    unit, name = (3600, 'h:min') if duration >= IN_HOURS else (60, 'min:s')
    clock = [divmod(int(tick), unit) for tick in ticks]
    return ticks, [f'{a}:{b * 60 // unit:02}' for a, b in clock], name


def write_timeline(path: Path, prediction: Prediction, names: ClassNames) -> None:
    """Draw a video's windows.

    Args:
        path: The PNG file.
        prediction: A prediction in windows.
        names: Names of the classes by task.

    Raises:
        PluginError: The video was predicted whole.
    """
    if not prediction.windows:
        raise PluginError(
            f'{prediction.path} was predicted whole and has no timeline; predict it in '
            'windows (--mode windows)'
        )
    rows = top_rows(prediction, names)
    figure = Figure((WIDTH, HEADER + ROW_HEIGHT * len(rows)), layout='constrained')
    axes = figure.subplots(len(rows), 1, sharex=True, squeeze=False)[:, 0]
    edges = _edges(prediction)
    for number, (axis, row) in enumerate(zip(axes, rows, strict=True)):
        _draw_row(axis, row, edges, COLOURS[number % len(COLOURS)])
        if prediction.error is not None:
            # Where nothing is known, an empty row would say that it is improbable.
            axis.axvspan(edges[-1], prediction.duration, **UNREAD)
    ticks, labels, unit = time_ticks(prediction.duration)
    axes[-1].set_xlim(0, prediction.duration)
    axes[-1].set_xticks(ticks, labels)
    axes[-1].set_xlabel(f'time ({unit})')
    # Once, as all rows have the same scale.
    axes[len(axes) // 2].set_ylabel('probability', fontsize=9)
    figure.suptitle(_title(prediction), fontsize=10, x=0.01, ha='left')
    with written_whole(path) as partial:
        FigureCanvasAgg(figure).print_png(str(partial))


def _draw_row(axis: Axes, row: Row, edges: NDArray[np.float64], colour: str) -> None:
    axis.stairs(row.values, edges, fill=True, color=colour, alpha=0.35, linewidth=0)
    best = np.where(row.best, row.values, 0)
    axis.stairs(best, edges, fill=True, color=colour, linewidth=0)
    axis.set_ylim(0, 1)
    axis.set_yticks([0, 0.5, 1], ['0', '0.5', '1'], fontsize=8)
    axis.yaxis.tick_right()
    axis.yaxis.set_label_position('right')
    axis.grid(axis='y', color='0.85', linewidth=0.6)
    axis.set_axisbelow(True)
    for side in ('top', 'left'):
        axis.spines[side].set_visible(False)
    # A dollar sign would start a formula.
    label = textwrap.fill(
        row.label, LABEL_WIDTH, max_lines=LABEL_LINES, placeholder=' …'
    ).replace('$', r'\$')
    axis.text(
        -0.01, 0.5, label, transform=axis.transAxes, ha='right', va='center', fontsize=9
    )


def _edges(prediction: Prediction) -> NDArray[np.float64]:
    """Borders between windows, halfway between the middles of those that overlap."""
    starts = np.array([window.start for window in prediction.windows])
    ends = np.array([window.end for window in prediction.windows])
    middles = (starts + ends) / 2
    if np.array_equal(ends[:-1], starts[1:]):
        return np.append(starts, ends[-1])
    between = (middles[:-1] + middles[1:]) / 2
    return np.concatenate([starts[:1], between, ends[-1:]])


def _title(prediction: Prediction) -> str:
    name = prediction.path.name
    if len(name) > LONGEST_NAME:
        half = LONGEST_NAME // 2
        name = f'{name[:half]}…{name[-half:]}'
    title = f'{name}: {describe(prediction)}'.replace('$', r'\$')
    title += '\ndark where a class is the most probable one'
    if prediction.error is not None:
        end = prediction.windows[-1].end
        title += f'; hatched from {end:.1f} s on, which could not be read'
    return title
