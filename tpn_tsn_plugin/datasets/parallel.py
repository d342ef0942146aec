"""Running many small independent jobs over processes, with a progress callback."""

import multiprocessing
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

from .progress import Report
from .workers import (
    available_cores,
    start_worker,
    worker_context,
)

Job = TypeVar('Job')
Result = TypeVar('Result')


def run_jobs(
    work: Callable[[Job], Result],
    jobs: Iterable[Job],
    workers: int | None = None,
    report: Report | None = None,
) -> list[Result]:
    """Run a function over jobs.

    Args:
        work: A module-level function.
        jobs: What it is called with, one after another.
        workers: Number of processes; one runs the jobs here, None takes all cores.
        report: Called with the numbers of jobs done and of all, first with none done.

    Returns:
        The results in the order of the jobs.
    """
    jobs = list(jobs)
    workers = available_cores() if workers is None else workers
    # A data loader's worker may not have children.
    if multiprocessing.current_process().daemon:
        workers = 1
    workers = max(1, min(workers, len(jobs)))
    if workers == 1:
        return _collect(map(work, jobs), len(jobs), report)
    with ProcessPoolExecutor(workers, worker_context(), start_worker) as pool:
        try:
            return _collect(pool.map(work, jobs, chunksize=4), len(jobs), report)
        except BaseException:
            # Else leaving the block would first finish all jobs that still wait.
            pool.shutdown(cancel_futures=True)
            raise


def _collect(
    results: Iterable[Result], total: int, report: Report | None
) -> list[Result]:
    collected: list[Result] = []
    if report is not None:
        report(0, total)
    for result in results:
        collected.append(result)
        if report is not None:
            report(len(collected), total)
    return collected
