"""Running a family of experiments, on one machine or shared by several."""

import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from tpn_tsn_plugin.errors import ExperimentError

from .experiment import Experiment, run_experiment
from .family import SOURCE, Cell, Family
from .shared_work import BusyError, work_off
from .slots import Slot
from .training_log import last_checkpoint

Result = dict[str, Any]
# Called with the label and the seed of what was finished, and its result.
Finished = Callable[[str, int, Result], None]


class Piece(NamedTuple):
    """A cell or source with one seed."""

    cell: Cell
    seed: int


def run_family(
    family: Family,
    folder: Path,
    seeds: Sequence[int],
    jobs: int = 1,
    finished: Finished | None = None,
) -> dict[Cell, list[Result]]:
    """Run every cell with every seed; what has its result is not run again.

    Processes that are given one folder, on one machine or on several, share the work:
    what one is at, the others leave to it. All return all results.

    Args:
        family: What to run.
        folder: Where logs, checkpoints and results go.
        seeds: Seeds of weights and data order.
        jobs: Experiments of this process at the same time; they share its cores and
            its GPUs.
        finished: Told of each experiment.

    Returns:
        Results by cell, in the order of ``seeds``.

    Raises:
        ExperimentError: One failed. Those of this process that are running are stopped;
            they go on from their last checkpoint when the family is run again.
        BusyError: What a run that was killed has started is still at one; all that
            could be done without it was done.
    """
    folder.mkdir(parents=True, exist_ok=True)
    results: dict[Piece, Result] = {}
    stop = threading.Event()

    def progress(*_: object) -> None:
        if stop.is_set():
            raise ExperimentError('stopped')

    def run(piece: Piece, number: int) -> None:
        slot = Slot.of_environment(number, jobs)
        experiment = _prepare(*piece, family, folder)
        experiment = replace(experiment, threads=slot.threads, gpu=slot.gpu)
        result = _require_metric(run_experiment(experiment, progress), experiment)
        results[piece] = result
        if finished is not None:
            finished(piece.cell.label, piece.seed, result)

    def run_wave(pieces: list[Piece]) -> None:
        locks = [folder / f'.{cell.label}_seed{seed}.lock' for cell, seed in pieces]
        work_off(pieces, locks, run, jobs, stop)

    pieces = [Piece(cell, seed) for seed in seeds for cell in family.cells]
    try:
        run_wave([Piece(source, seed) for seed in seeds for source in family.sources])
    except BusyError:
        trained = {(piece.cell.label, piece.seed) for piece in results}
        run_wave(
            [
                piece
                for piece in pieces
                if trained.issuperset((s, piece.seed) for s in piece.cell.sources)
            ]
        )
        raise
    run_wave(pieces)
    return {
        cell: [results[Piece(cell, seed)] for seed in seeds] for cell in family.cells
    }


def _require_metric(result: Result, experiment: Experiment) -> Result:
    if experiment.metric not in result['test']:
        raise ExperimentError(
            f'testing {experiment.name} gave {sorted(result["test"])}, not '
            f'{experiment.metric!r}; correct metric of the family'
        )
    return result


def _prepare(cell: Cell, seed: int, family: Family, folder: Path) -> Experiment:
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
