"""A fusion of streams as a table, and as plain values.

Shape letters: N samples, C classes.
"""

from collections.abc import Sequence
from typing import Any

from tpn_tsn_plugin.functional.score_fusion import METRICS
from tpn_tsn_plugin.functional.weight_search import FoundWeights

from .comparison import Comparison, Prepared

TITLES = dict(zip(METRICS, ('top-1', 'top-5', 'mean class', 'mAP'), strict=True))
# Columns of words; the others are numbers.
WORDS = 2


def to_markdown(test: Prepared, result: Comparison) -> str:
    """What was fused, and a table of each stream alone and of the fusion."""
    metrics = list(result.fused)
    header = ['stream', 'dump holds', 'weight', *(f'{TITLES[m]}, %' for m in metrics)]
    rows = [
        [name, holds, f'{weight:g}', *(f'{100 * own[m]:.2f}' for m in metrics)]
        for name, holds, weight, own in zip(
            test.joined.streams, test.holds, result.weights, result.alone, strict=True
        )
    ]
    rows.append(
        ['**fused**', '', '', *(f'{100 * result.fused[m]:.2f}' for m in metrics)]
    )
    samples, classes = result.probabilities.shape
    how = 'as probabilities' if test.activation is None else f'before {test.activation}'
    title = f'{samples} samples, {classes} classes, fused {how}'
    if not metrics:
        title += '; without labels nothing is measured'
    return f'{title}\n\n{_align(header, rows)}'


def _align(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table that is aligned as text too."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    lines = []
    for row in (header, *rows):
        cells = [
            cell.ljust(width) if i < WORDS else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append(f'| {" | ".join(cells)} |')
    rules = [
        '-' * (width + 2) if i < WORDS else '-' * (width + 1) + ':'
        for i, width in enumerate(widths)
    ]
    return '\n'.join([lines[0], f'|{"|".join(rules)}|', *lines[1:]])


def search_to_text(
    validation: Prepared, result: Comparison, found: FoundWeights
) -> str:
    """What weights were found, and what they are worth on the validation data."""
    joined, title = validation.joined, TITLES[found.metric]
    weights = ', '.join(f'{weight:g}' for weight in found.weights)
    alone = ', '.join(
        f'{name} {100 * own[found.metric]:.2f}'
        for name, own in zip(joined.streams, result.alone, strict=True)
    )
    return (
        f'Weights {weights}: the best of {found.tried} by {title} on '
        f'{len(joined.samples)} validation samples, '
        f'{100 * result.fused[found.metric]:.2f} % (alone: {alone})'
    )


def to_dict(test: Prepared, result: Comparison) -> dict[str, Any]:
    """The same as plain values, with metrics from 0 to 1."""
    joined = test.joined
    samples, classes = result.probabilities.shape
    streams = [
        dict(
            name=name,
            dump=str(joined.paths[i]),
            holds=test.holds[i],
            left_out=joined.left_out[i],
            weight=result.weights[i],
            **result.alone[i],
        )
        for i, name in enumerate(joined.streams)
    ]
    return dict(
        samples=samples,
        classes=classes,
        fused_before=test.activation,
        streams=streams,
        fused=result.fused,
    )


def search_to_dict(
    validation: Prepared, result: Comparison, found: FoundWeights
) -> dict[str, Any]:
    """A search as plain values."""
    return dict(metric=found.metric, tried=found.tried, **to_dict(validation, result))
