"""The tables of a family of experiments, in Markdown."""

from collections.abc import Mapping, Sequence

from .comparison import mean_and_spread, paired_difference
from .family import Cell, Family
from .family_run import Result

Results = Mapping[Cell, Sequence[Result]]


def table(family: Family, results: Results) -> str:
    """Mean and standard deviation over the seeds, percent, beside the paper's figures.

    Args:
        family: What was run.
        results: Results by cell, one a seed.
    """
    heads: list[str] = []
    for column in _columns(family):
        heads.append(column)
        if _published(family, column):
            one = len(_columns(family)) == 1
            heads.append(family.paper if one else f'{column}, {family.paper}')
    heads += ['parameters'] if family.parameters else []
    lines = [_line('', heads), '|---' * (len(heads) + 1) + '|']
    for row in _rows(family):
        cells = {cell.column: cell for cell in family.cells if cell.row == row}
        texts = []
        for column in _columns(family):
            cell = cells.get(column)
            texts.append(mean_and_spread(_values(family, results, cell)))
            if _published(family, column):
                figure = cell.published if cell else None
                texts.append('' if figure is None else f'{figure:.1f}')
        if family.parameters:
            texts.append(_parameters(results, list(cells.values())))
        lines.append(_line(row, texts))
    return '\n'.join(lines)


def difference_table(family: Family, results: Results) -> str | None:
    """What every row has more than the baseline, paired by seed.

    Args:
        family: What was run.
        results: Results by cell, one a seed in the same order.

    Returns:
        Mean difference in points, its 95 % confidence interval and p of Student's
        paired t-test; None where the family has no baseline or there is one seed.
    """
    runs = [len(own) for own in results.values()]
    if family.baseline is None or min(runs, default=0) < 2:
        return None
    columns = _columns(family)
    lines = [_line('', columns), '|---' * (len(columns) + 1) + '|']
    places = {(cell.row, cell.column): cell for cell in family.cells}
    for row in _rows(family):
        if row == family.baseline:
            continue
        texts = []
        for column in columns:
            ours, theirs = (
                _values(family, results, places.get((name, column)))
                for name in (row, family.baseline)
            )
            texts.append(paired_difference(ours, theirs) if ours and theirs else '')
        lines.append(_line(row, texts))
    return '\n'.join(lines)


def _line(row: str, texts: Sequence[str]) -> str:
    return f'| {" | ".join([row, *texts])} |'.replace('|  |', '| |', not row)


def _rows(family: Family) -> list[str]:
    return list(dict.fromkeys(cell.row for cell in family.cells))


def _columns(family: Family) -> list[str]:
    return list(dict.fromkeys(cell.column for cell in family.cells))


def _published(family: Family, column: str) -> bool:
    return any(
        cell.published is not None for cell in family.cells if cell.column == column
    )


def _values(family: Family, results: Results, cell: Cell | None) -> list[float]:
    runs = results.get(cell, []) if cell else []
    return [run['test'][family.metric] for run in runs]


def _parameters(results: Results, cells: Sequence[Cell]) -> str:
    """Parameters of a row's models in millions, one number where all have as many."""
    counts = {f'{run["parameters"] / 1e6:.2f} M' for c in cells for run in results[c]}
    return ', '.join(sorted(counts))
