"""The picture of ``cost_curves.py``: time above, memory below."""

import statistics

from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

COLOURS = {
    'training': '#c0392b',
    'testing': '#2f65ba',
    'decoding of snippets': '#2f65ba',
    'decoding of all frames': '#268a54',
    'optical flow of all frames': '#c0392b',
}
NAMES = {
    'T': 'frames T',
    'K': 'segments K',
    'M': 'levels M',
    'L': 'fields of a stack L',
    'batch': 'videos of a batch',
    'views': 'views of a video',
    'seconds of video': 'length of the video, s',
}


def draw(found, scaling):
    """Small multiples.

    Args:
        found: Curves by variable and kind, as ``cost_curves.py`` measures them.
        scaling: Seconds of a step by number of processes; None leaves them out.
    """
    figure = Figure(figsize=(2.6 * len(found) + 0.4, 5.8), layout='constrained')
    axes = figure.subplots(2, len(found), squeeze=False)
    for (variable, kinds), (top, bottom) in zip(found.items(), axes.T, strict=True):
        with_memory = 'bytes' in next(iter(kinds.values()))
        for kind, curve in kinds.items():
            times = {v: statistics.median(s) for v, s in curve['seconds'].items()}
            line(top, kind, times, curve['time_slope'])
            if with_memory:
                memory = {v: value / 2**20 for v, value in curve['bytes'].items()}
                line(bottom, kind, memory, curve['memory_slope'])
        dress(top, variable, list(times), 'time of the processor, s')
        if with_memory:
            dress(bottom, variable, list(times), 'peak memory, MiB')
        elif scaling:
            draw_processes(bottom, scaling)
        else:
            bottom.axis('off')
    for row in axes:
        for axis in row[1:-1]:
            axis.set_ylabel('')
    return figure


def line(axis, kind, points, fitted):
    reach = (fitted['high'] - fitted['low']) / 2
    axis.loglog(
        list(points),
        list(points.values()),
        'o-',
        color=COLOURS[kind],
        markersize=3.5,
        linewidth=1.2,
        label=f'{kind}: slope {fitted["slope"]:.2f} ± {reach:.2f}',
    )


def dress(axis, variable, values, label):
    axis.set_xlabel(NAMES[variable])
    axis.set_ylabel(label)
    axis.xaxis.set_major_locator(FixedLocator(values))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(ScalarFormatter())
    low, high = axis.get_ylim()
    # Room for the legend.
    axis.set_ylim(low, high * (high / low) ** 0.35)
    axis.legend(fontsize=6.5, frameon=False, loc='upper left')
    axis.spines[['top', 'right']].set_visible(False)


def draw_processes(axis, scaling):
    """Videos per second against processes, beside what no loss would give."""
    rates = [1 / scaling['alone'], 2 / scaling['two']]
    axis.plot([1, 2], [1, 2], ':', color='#8a8a94', label='without loss')
    label = f'measured: {scaling["efficiency"]:.0%} of it'
    gained = [rate / rates[0] for rate in rates]
    axis.plot([1, 2], gained, 'o-', color='#c0392b', label=label)
    axis.set_xlabel('processes')
    axis.set_ylabel('times as fast as one')
    axis.set_xticks([1, 2])
    axis.set_ylim(0, 2.6)
    axis.legend(fontsize=6.5, frameon=False, loc='upper left')
    axis.spines[['top', 'right']].set_visible(False)
