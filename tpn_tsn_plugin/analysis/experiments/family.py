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

import os.path as osp
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmengine.config import Config

from tpn_tsn_plugin.analysis.trained_model import read_config

from .training_log import TOP1

# Keys that an entry must have, and those that it may have.
CELL_KEYS = {'row', 'column', 'config'}, {'options', 'checkpoint', 'published'}
SOURCE_KEYS = {'config'}, {'options', 'metric'}
# Stands in an option for a source's checkpoint.
SOURCE = re.compile(r'\{(\w+)\}')
NAME = re.compile(r'\w{1,100}')
LONGEST_LABEL = 150


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
    if not cells or not isinstance(cells, list) or 'title' not in config:
        raise ValueError(f'{path}: a family needs title and cells')
    _require_names(path, config)
    sources = tuple(
        _read_cell(path, source, SOURCE_KEYS, name)
        for name, source in config.get('sources', {}).items()
    )
    names = [source.label for source in sources]
    places = [
        _read_cell(path, cell, CELL_KEYS, _label(cell, number))
        for number, cell in enumerate(cells, 1)
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


def _require_names(path: Path, config: Config) -> None:
    """Check what files and rows are called."""
    sources = config.get('sources', {})
    if not isinstance(sources, dict) or not all(map(NAME.fullmatch, sources)):
        # It is part of the names of files.
        raise ValueError(
            f'{path}: sources must be a dict by names of letters, digits and _, got '
            f'{list(sources) if isinstance(sources, dict) else sources!r:.200}'
        )
    for key in ('title', 'metric', 'paper', 'baseline'):
        if key in config and config[key] is not None:
            _require_line(path, key, config[key])


def _require_line(path: Path, what: str, text: Any) -> None:
    if not isinstance(text, str) or not text.isprintable():
        raise ValueError(f'{path}: {what} must be a line of text, got {text!r:.200}')


def _require_kinds(path: Path, label: str, entry: Mapping[str, Any]) -> None:
    """Check that the values of an entry are what they can be."""
    for key, value in entry.items():
        what = f'{key} of {label}'
        if key == 'options':
            if not isinstance(value, list):
                raise ValueError(f'{path}: {what} must be a list, got {value!r:.200}')
            for option in value:
                _require_line(path, what, option)
        elif key == 'published':
            if not isinstance(value, int | float | None):
                raise ValueError(f'{path}: {what} must be a number, got {value!r:.200}')
        elif value is not None or key in ('row', 'column', 'config'):
            _require_line(path, what, value)


def _read_cell(
    path: Path,
    entry: Any,
    keys: tuple[set[str], set[str]],
    label: str,
) -> Cell:
    needed, optional = keys
    if not isinstance(entry, dict):
        raise ValueError(f'{path}: {label} must be a dict, got {entry!r:.200}')
    for key in entry:
        if key not in needed | optional:
            raise ValueError(
                f'{path}: {label} has {key!r:.200}; known are '
                f'{sorted(needed | optional)}'
            )
    for key in sorted(needed):
        if key not in entry:
            raise ValueError(f'{path}: {label} lacks {key!r}')
    _require_kinds(path, label, entry)
    config = path.parent / entry['config']
    # Unlike Path.is_file, takes names that no file can have.
    if not osp.isfile(config):
        raise ValueError(f'{path}: config {config!s:.200} of {label} does not exist')
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


def _label(cell: Any, number: int) -> str:
    """What a cell's files are called, or what a message can call one without name."""
    if isinstance(cell, dict):
        row, column = cell.get('row'), cell.get('column')
        if isinstance(row, str) and isinstance(column, str):
            return _slug(f'{row} {column}')
    return f'cell {number}'


def _slug(text: str) -> str:
    # Files have longer names, which have an end.
    return re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')[:LONGEST_LABEL]
