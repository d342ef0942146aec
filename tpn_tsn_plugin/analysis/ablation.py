"""A family of experiments as a table: what varies down the rows and along the columns.

A family is a config file of plain values::

    title = 'Consensus and number of segments'
    metric = 'acc/top1'
    sources = dict(rgb=dict(config='../tsn/tsn_….py'))
    cells = [
        dict(row='average', column='K = 3', config='../tsn/tsn_….py', options=['…=3']),
        dict(row='windows', column='mAP', config='…', checkpoint='rgb', options=[…]),
    ]

A source is trained first, once a seed. A cell is trained with its options, in which
``{rgb}`` stands for the last checkpoint of the source ``rgb``; with ``checkpoint`` it
only tests that source. Paths of configs count from the family's folder.
"""

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from mmengine.config import Config

from tpn_tsn_plugin.errors import ExperimentError

from .experiment import Experiment, run_experiment
from .training_log import TOP1, last_checkpoint

Result = dict[str, Any]
# Called with the label and the seed of what was finished, and its result.
Finished = Callable[[str, int, Result], None]

CELL_KEYS = {'row', 'column', 'config', 'options', 'checkpoint'}
SOURCE_KEYS = {'config', 'options'}


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
    """

    label: str
    config: Path
    options: tuple[str, ...] = ()
    row: str = ''
    column: str = ''
    checkpoint: str | None = None


@dataclass(frozen=True)
class Family:
    """A family of experiments.

    Attributes:
        title: What the table shows.
        metric: Which test metric.
        sources: What other cells start from.
        cells: In the order of the table.
    """

    title: str
    metric: str
    sources: tuple[Cell, ...]
    cells: tuple[Cell, ...]


def read_family(path: Path) -> Family:
    """Read and check a family's file.

    Raises:
        ValueError: An entry is missing or unknown, a config does not exist, a source is
            not named, or two cells have one place.
    """
    config = Config.fromfile(path, import_custom_modules=False)
    cells = config.get('cells')
    if not cells or 'title' not in config:
        raise ValueError(f'{path}: a family needs title and cells')
    sources = tuple(
        _read_cell(path, source, SOURCE_KEYS, label=name)
        for name, source in config.get('sources', {}).items()
    )
    names = [source.label for source in sources]
    places = [
        _read_cell(path, cell, CELL_KEYS, label=_slug(f'{cell.row} {cell.column}'))
        for cell in cells
    ]
    for cell in places:
        if [other.label for other in places].count(cell.label) > 1:
            raise ValueError(f'{path}: {cell.row}, {cell.column} stands there twice')
        wanted = re.findall(r'\{(\w+)\}', ' '.join(cell.options))
        for name in [*wanted, *([cell.checkpoint] if cell.checkpoint else [])]:
            if name not in names:
                raise ValueError(
                    f'{path}: {cell.row}, {cell.column} asks for source {name!r}; '
                    f'there are {names}'
                )
    return Family(config.title, config.get('metric', TOP1), sources, tuple(places))


def _read_cell(
    path: Path, entry: Mapping[str, Any], known: set[str], label: str
) -> Cell:
    for key in entry:
        if key not in known:
            raise ValueError(f'{path}: {label} has {key!r}; known are {sorted(known)}')
    config = path.parent / entry.get('config', '')
    if not config.is_file():
        raise ValueError(f'{path}: config {config} of {label} does not exist')
    given = {key: value for key, value in entry.items() if key in ('row', 'column')}
    return Cell(
        label=label,
        config=config,
        options=tuple(entry.get('options', ())),
        checkpoint=entry.get('checkpoint'),
        **given,
    )


def _slug(text: str) -> str:
    return re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')


def run_family(
    family: Family,
    folder: Path,
    seeds: Sequence[int],
    jobs: int = 1,
    finished: Finished | None = None,
) -> dict[Cell, list[Result]]:
    """Run every cell with every seed; what has its result is not run again.

    Args:
        family: What to run.
        folder: Where logs, checkpoints and results go.
        seeds: Seeds of weights and data order.
        jobs: Experiments at the same time; they share the machine's cores.
        finished: Told of each experiment.

    Returns:
        Results by cell, in the order of ``seeds``.

    Raises:
        ExperimentError: One failed. Those that are running are stopped; they go on from
            their last checkpoint when the family is run again.
    """
    folder.mkdir(parents=True, exist_ok=True)
    threads = max(1, len(os.sched_getaffinity(0)) // jobs)
    stop = threading.Event()
    failures: list[BaseException] = []

    def run(cell: Cell, seed: int) -> Result:
        def progress(*_: object) -> None:
            if stop.is_set():
                raise ExperimentError(f'{cell.label}, seed {seed}: stopped')

        progress()
        try:
            experiment = _prepare(cell, family, folder, seed)
            return run_experiment(replace(experiment, threads=threads), progress)
        except Exception as error:
            failures.append(error)
            stop.set()
            raise

    results: dict[Cell, dict[int, Result]] = {cell: {} for cell in family.cells}
    for wave in (family.sources, family.cells):
        with ThreadPoolExecutor(jobs) as pool:
            running = {
                pool.submit(run, cell, seed): (cell, seed)
                for seed in seeds
                for cell in wave
            }
            try:
                for future in as_completed(running):
                    cell, seed = running[future]
                    result = future.result()
                    results.setdefault(cell, {})[seed] = result
                    if finished is not None:
                        finished(cell.label, seed, result)
            except BaseException as error:
                # Leaving the pool waits for what is running.
                stop.set()
                # Those that were stopped fail as well; the first says why.
                if isinstance(error, Exception) and failures:
                    raise failures[0] from None
                raise
    return {
        cell: [by_seed[seed] for seed in seeds]
        for cell, by_seed in results.items()
        if cell in family.cells
    }


def _prepare(cell: Cell, family: Family, folder: Path, seed: int) -> Experiment:
    """The experiment of a cell, with the checkpoints of its sources filled in."""
    paths = {}
    for source in family.sources:
        work_dir = Experiment(source.config, seed, folder, label=source.label).work_dir
        paths[source.label] = last_checkpoint(work_dir)
    options = tuple(
        re.sub(r'\{(\w+)\}', lambda match: str(paths[match[1]]), option)
        for option in cell.options
    )
    return Experiment(
        cell.config,
        seed,
        folder,
        options,
        label=cell.label,
        checkpoint=paths[cell.checkpoint] if cell.checkpoint else None,
        metric=family.metric,
    )


def table(family: Family, results: Mapping[Cell, Sequence[Result]]) -> str:
    """The table in Markdown: mean and standard deviation over the seeds, percent."""
    rows = list(dict.fromkeys(cell.row for cell in family.cells))
    columns = list(dict.fromkeys(cell.column for cell in family.cells))
    by_place = {(cell.row, cell.column): runs for cell, runs in results.items()}
    lines = [f'| | {" | ".join(columns)} |', '|---' * (len(columns) + 1) + '|']
    for row in rows:
        texts = [
            _mean_and_spread([run['test'][family.metric] for run in by_place[place]])
            if (place := (row, column)) in by_place
            else ''
            for column in columns
        ]
        lines.append(f'| {row} | {" | ".join(texts)} |')
    return '\n'.join(lines)


def _mean_and_spread(values: Sequence[float]) -> str:
    text = f'{100 * mean(values):.1f}'
    return text + (f' ± {100 * stdev(values):.1f}' if len(values) > 1 else '')
