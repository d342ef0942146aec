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
from the family's folder. With ``parameters = True`` the table ends in a column of them.
"""

import os
import re
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mmengine.config import Config

from tpn_tsn_plugin.errors import ExperimentError

from .experiment import Experiment, run_experiment
from .training_log import TOP1, last_checkpoint

Result = dict[str, Any]
# Called with the label and the seed of what was finished, and its result.
Finished = Callable[[str, int, Result], None]

# Keys that an entry must have, and those that it may have.
CELL_KEYS = {'row', 'column', 'config'}, {'options', 'checkpoint'}
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
    """

    label: str
    config: Path
    options: tuple[str, ...] = ()
    row: str = ''
    column: str = ''
    checkpoint: str | None = None
    metric: str | None = None

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
    """

    title: str
    metric: str
    sources: tuple[Cell, ...]
    cells: tuple[Cell, ...]
    parameters: bool = False


def read_family(path: Path) -> Family:
    """Read and check a family's file.

    Raises:
        ValueError: An entry is missing or unknown, a config does not exist, a source is
            not named, or two cells have one place or a source's name.
    """
    config = Config.fromfile(path, import_custom_modules=False)
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
    return Family(
        config.title,
        config.get('metric', TOP1),
        sources,
        tuple(places),
        config.get('parameters', False),
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
            experiment = replace(experiment, threads=threads)
            return _require_metric(run_experiment(experiment, progress), experiment)
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


def _require_metric(result: Result, experiment: Experiment) -> Result:
    if experiment.metric not in result['test']:
        raise ExperimentError(
            f'testing {experiment.name} gave {sorted(result["test"])}, not '
            f'{experiment.metric!r}; correct metric of the family'
        )
    return result


def _prepare(cell: Cell, family: Family, folder: Path, seed: int) -> Experiment:
    """The experiment of a cell, with the checkpoints of its sources filled in."""
    paths = {
        source.label: _checkpoint_of(source, folder, seed)
        for source in family.sources
        if source.label in cell.sources
    }
    options = tuple(
        re.sub(SOURCE, lambda match: str(paths[match[1]]), option)
        for option in cell.options
    )
    return Experiment(
        cell.config,
        seed,
        folder,
        options,
        label=cell.label,
        checkpoint=paths.pop(cell.checkpoint) if cell.checkpoint else None,
        inputs=tuple(paths.values()),
        metric=cell.metric or family.metric,
    )


def _checkpoint_of(source: Cell, folder: Path, seed: int) -> Path:
    experiment = Experiment(source.config, seed, folder, label=source.label)
    checkpoint = last_checkpoint(experiment.work_dir)
    if checkpoint is None:
        raise ExperimentError(
            f'source {experiment.name} has its result, but no checkpoint in '
            f'{experiment.work_dir}; delete {experiment.result_file} to have it '
            'trained again'
        )
    return checkpoint
