"""The table of a family of experiments, in Markdown."""

from collections.abc import Mapping, Sequence

from .comparison import mean_and_spread
from .family import Cell, Family, Result


def table(family: Family, results: Mapping[Cell, Sequence[Result]]) -> str:
    """The table in Markdown: mean and standard deviation over the seeds, percent."""
    rows = list(dict.fromkeys(cell.row for cell in family.cells))
    columns = list(dict.fromkeys(cell.column for cell in family.cells))
    by_place = {(cell.row, cell.column): runs for cell, runs in results.items()}
    heads = [*columns, *['parameters'][: int(family.parameters)]]
    lines = [f'| | {" | ".join(heads)} |', '|---' * (len(heads) + 1) + '|']
    for row in rows:
        texts = [
            mean_and_spread([run['test'][family.metric] for run in by_place[place]])
            if (place := (row, column)) in by_place
            else ''
            for column in columns
        ]
        if family.parameters:
            texts.append(_parameters(by_place, row))
        lines.append(f'| {row} | {" | ".join(texts)} |')
    return '\n'.join(lines)


def _parameters(by_place: Mapping[tuple[str, str], Sequence[Result]], row: str) -> str:
    """Parameters of a row's models in millions, one number where all have as many."""
    counts = sorted(
        {
            f'{run["parameters"] / 1e6:.2f} M'
            for (own, _), runs in by_place.items()
            for run in runs
            if own == row
        }
    )
    return ', '.join(counts)
