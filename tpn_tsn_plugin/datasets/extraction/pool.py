"""Extracting many videos over processes, with how far they have come."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import NamedTuple

import cv2

from tpn_tsn_plugin.datasets.workers import (
    available_cores,
    start_worker,
    worker_context,
)
from tpn_tsn_plugin.errors import MissingDependencyError, PluginError

from .one_video import Tick, VideoJob, extract_video
from .records import Record

# Seconds between two looks at how far the processes have come.
PERIOD = 0.2


class State(NamedTuple):
    """How far the work has come.

    Attributes:
        videos: Number of videos done, parts of those at work included.
        total: Number of videos.
        fields: Number of fields done.
    """

    videos: float
    total: int
    fields: int


# Called now and then, first with nothing done and last with all.
Report = Callable[[State], None]


class Result(NamedTuple):
    """What became of a video.

    Attributes:
        name: The video's.
        record: Its record, None where it failed.
        fault: Why it failed, one line.
    """

    name: str
    record: Record | None
    fault: str = ''


class _StoppedError(Exception):
    """The run ends before the video does."""


class _Shared:
    """What all processes count, and whether they are to stop."""

    def __init__(self) -> None:
        context = worker_context()
        self._videos = context.Value('d', 0.0)
        self._fields = context.Value('q', 0)
        self.stop = context.Event()

    def tick(self, share: float) -> None:
        with self._videos:
            self._videos.value += share
        with self._fields:
            self._fields.value += 1
        if self.stop.is_set():
            raise _StoppedError

    def state(self, total: int) -> State:
        # Without the locks: a process that was killed may hold one for ever.
        videos, fields = self._videos.get_obj().value, self._fields.get_obj().value
        return State(min(videos, total), total, fields)


# What this process shares with the pool that it works for.
_shared: _Shared | None = None


def _start(shared: _Shared) -> None:
    global _shared
    _shared = shared
    start_worker()


def _work(job: VideoJob) -> Result:
    return _attempt(job, None if _shared is None else _shared.tick)


def _attempt(job: VideoJob, tick: Tick | None) -> Result:
    try:
        return Result(job.video.name, extract_video(job, tick))
    except MissingDependencyError:
        raise
    except (PluginError, ValueError, cv2.error) as error:
        # Only reading may fail: what cannot be written for one cannot for the next.
        return Result(job.video.name, None, ' '.join(str(error).split()))


def extract_videos(
    jobs: Sequence[VideoJob], workers: int | None = None, report: Report | None = None
) -> list[Result]:
    """Extract videos, each whole or not at all.

    Args:
        jobs: The videos.
        workers: Number of processes, each on one core; one works here, None takes all
            cores.
        report: Called with how far the work has come.

    Returns:
        The results in the order of the jobs.

    Raises:
        MissingDependencyError: The algorithm is not installed.
        PluginError: A process was killed.
        OSError: A file cannot be written.
    """
    workers = max(1, min(workers or available_cores(), len(jobs)))
    if workers == 1:
        return _extract_here(jobs, report)
    shared = _Shared()
    with _pool(workers, shared) as pool:
        futures = [pool.submit(_work, job) for job in jobs]
        waiting: set[Future[Result]] = set(futures)
        while waiting:
            if report is not None:
                report(shared.state(len(jobs)))
            done, waiting = wait(waiting, PERIOD, FIRST_COMPLETED)
            for future in done:
                future.result()
    if report is not None:
        report(shared.state(len(jobs))._replace(videos=len(jobs)))
    return [future.result() for future in futures]


@contextmanager
def _pool(workers: int, shared: _Shared) -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(workers, worker_context(), _start, (shared,)) as pool:
        try:
            yield pool
        except BaseException as error:
            # Else leaving the block would first do all the work that still waits.
            shared.stop.set()
            pool.shutdown(cancel_futures=True)
            if isinstance(error, BrokenProcessPool):
                raise PluginError(
                    'a process was killed, perhaps for want of memory; lower the '
                    'number of workers and start again: complete videos are kept'
                ) from error
            raise


def _extract_here(jobs: Sequence[VideoJob], report: Report | None) -> list[Result]:
    results: list[Result] = []
    fields, begun = 0, 0.0

    def tick(share: float) -> None:
        nonlocal fields, begun
        fields, begun = fields + 1, begun + share
        say()

    def say() -> None:
        if report is not None:
            done = min(len(results) + begun, len(jobs))
            report(State(done, len(jobs), fields))

    threads = cv2.getNumThreads()
    cv2.setNumThreads(0)
    try:
        say()
        for job in jobs:
            results.append(_attempt(job, tick))
            begun = 0.0
        say()
    finally:
        cv2.setNumThreads(threads)
    return results
