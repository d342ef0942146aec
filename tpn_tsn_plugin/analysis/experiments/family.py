"""A family of experiments as a table: what varies down the rows and along the columns.

A family is a config file of plain values::

    title = 'Consensus and number of segments'
    metric = 'acc/top1'
    sources = dict(rgb=dict(config='../tsn/tsn_….py'))
    cells = [
        dict(row='average', column='K = 3', config='../tsn/tsn_….py', options=['…=3']),
        dict(row='windows', column='mAP', config='…', checkpoint='rgb', options=[…]),
    ]

A source is trained first, once a seed; it may have a ``metric`` of its own. A cell
is trained with its options, in which ``{rgb}`` stands for the last checkpoint of the
source ``rgb``; with ``checkpoint`` it only tests that source. Paths of configs count
from the family's folder.

What the table shows beside the results: with ``parameters = True`` a column of them;
with ``published = 76.1`` (percent) in a cell and ``paper = 'Table 6c, K400'`` in the
family, the paper's figures; with ``baseline = 'plain'`` the difference of every row to
that one, paired by seed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.analysis.trained_model import read_config

from .training_log import TOP1

# Keys that an entry must have, and those that it may have.
CELL_KEYS = {'row', 'column', 'config'}, {'options', 'checkpoint', 'published'}
SOURCE_KEYS = {'config'}, {'options', 'metric'}
# Stands in an option for a source's checkpoint.
SOURCE = re.compile(r'\{(\w+)\}')


@dataclass(frozen=True)
class Cell:
    """One place of the table, or a source, which has no place.

    Attributes:
        label: Name of its files.
        config: Path of the config.
        options: ``key=value`` each, with ``{source}`` for a source's checkpoint.
        row: What stands at the left.
        column: What stands at the top.
        checkpoint: Source that is tested; None to train.
        metric: What validation shows; None for the family's.
        published: The paper's figure for this place, percent.
    """

    label: str
    config: Path
    options: tuple[str, ...] = ()
    row: str = ''
    column: str = ''
    checkpoint: str | None = None
    metric: str | None = None
    published: float | None = None

    @property
    def sources(self) -> list[str]:
        """Names of the sources that it starts from."""
        named = SOURCE.findall(' '.join(self.options))
        return named + ([self.checkpoint] if self.checkpoint else [])


@dataclass(frozen=True)
class Family:
    """A family of experiments.

    Attributes:
        title: What the table shows.
        metric: Which test metric.
        sources: What other cells start from.
        cells: In the order of the table.
        parameters: Whether the table shows the numbers of parameters.
        paper: Where the published figures stand.
        baseline: Row that the others are compared with.
    """

    title: str
    metric: str
    sources: tuple[Cell, ...]
    cells: tuple[Cell, ...]
    parameters: bool = False
    paper: str = 'paper'
    baseline: str | None = None


def read_family(path: Path) -> Family:
    """Read and check a family's file.

    Raises:
        PluginError: There is no such file, or it is no config.
        ValueError: An entry is missing or unknown, a config does not exist, a source or
            the baseline is not among the entries, or two cells have one place or a
            source's name.
    """
    config = read_config(path)
    cells = config.get('cells')
    if not cells or 'title' not in config:
        raise ValueError(f'{path}: a family needs title and cells')
    sources = tuple(
        _read_cell(path, source, SOURCE_KEYS, name)
        for name, source in config.get('sources', {}).items()
    )
    names = [source.label for source in sources]
    places = [
        _read_cell(
            path, cell, CELL_KEYS, _slug(f'{cell.get("row")} {cell.get("column")}')
        )
        for cell in cells
    ]
    labels = [*names, *(cell.label for cell in places)]
    for cell in places:
        if labels.count(cell.label) > 1:
            raise ValueError(
                f'{path}: {cell.row}, {cell.column} stands there twice, or has the '
                f'name of a source; files are called {cell.label!r}'
            )
        for name in cell.sources:
            if name not in names:
                raise ValueError(
                    f'{path}: {cell.row}, {cell.column} asks for source {name!r}; '
                    f'there are {names}'
                )
    rows = list(dict.fromkeys(cell.row for cell in places))
    baseline = config.get('baseline')
    if baseline is not None and baseline not in rows:
        raise ValueError(f'{path}: baseline must be one of {rows}, got {baseline!r}')
    return Family(
        config.title,
        config.get('metric', TOP1),
        sources,
        tuple(places),
        config.get('parameters', False),
        config.get('paper', 'paper'),
        baseline,
    )


def _read_cell(
    path: Path,
    entry: Mapping[str, Any],
    keys: tuple[set[str], set[str]],
    label: str,
) -> Cell:
    needed, optional = keys
    for key in entry:
        if key not in needed | optional:
            raise ValueError(
                f'{path}: {label} has {key!r}; known are {sorted(needed | optional)}'
            )
    for key in sorted(needed):
        if key not in entry:
            raise ValueError(f'{path}: {label} lacks {key!r}')
    config = path.parent / entry['config']
    if not config.is_file():
        raise ValueError(f'{path}: config {config} of {label} does not exist')
    given = {key: value for key, value in entry.items() if key in ('row', 'column')}
    return Cell(
        label=label,
        config=config,
        options=tuple(entry.get('options', ())),
        checkpoint=entry.get('checkpoint'),
        metric=entry.get('metric'),
        published=entry.get('published'),
        **given,
    )


def _slug(text: str) -> str:
    return re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')
