"""Checking many videos over processes, whatever these videos do to them."""

import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from tpn_tsn_plugin.datasets.apart import in_time
from tpn_tsn_plugin.datasets.progress import Report
from tpn_tsn_plugin.datasets.workers import (
    available_cores,
    start_worker,
    worker_context,
)
from tpn_tsn_plugin.output_files import write_whole

from .video_check import VideoCheck, check_video, describe_file

# Videos that a process may have waiting; of so many one may have ended the process.
WAITING = 8


@dataclass(frozen=True)
class Checks:
    """What came of checking videos.

    Attributes:
        found: A check each, in the order of the videos.
        known: How many of them had been checked before.
    """

    found: Sequence[VideoCheck]
    known: int

    @property
    def bad(self) -> list[VideoCheck]:
        """Those that cannot be read."""
        return [check for check in self.found if check.fault]


def check_videos(
    videos: Sequence[Path],
    record: Path,
    *,
    quick: bool = False,
    seconds: int = 120,
    workers: int | None = None,
    report: Report | None = None,
) -> Checks:
    """Check videos that were not checked since they were changed.

    A video whose decoder crashes, or does not come to an end, ends a process of its own
    and is a bad video.

    Args:
        videos: The videos.
        record: File with a line a check, which a run that was killed goes on with.
        quick: Whether three frames of each are enough.
        seconds: Time for a video.
        workers: Number of processes, None for all cores.
        report: Called with the numbers of videos done and of all that are to be done.
    """
    known = _read(record)
    now = {path: describe_file(path, quick) for path in videos}
    checked = {
        path: before
        for path, state in now.items()
        if (before := known.get(state.path)) is not None and before.is_of(state)
    }
    todo = [path for path in now if path not in checked]
    count = len(checked)
    record.parent.mkdir(parents=True, exist_ok=True)
    with record.open('a', encoding='utf-8') as file:
        if file.tell() and not record.read_bytes().endswith(b'\n'):
            # What a kill has left of a line would spoil the next one.
            file.write('\n')
        if report is not None and todo:
            report(0, len(todo))
        for done, check in enumerate(_check(todo, quick, seconds, workers), 1):
            checked[Path(check.path)] = check
            if check != known.get(check.path):
                # Names of files may hold what is no text, and what ends a line.
                file.write(json.dumps(asdict(check)) + '\n')
                file.flush()
            if report is not None:
                report(done, len(todo))
    return Checks([checked[path] for path in videos], count)


def write_good_list(source: Path, out: Path, bad: Sequence[bool]) -> int:
    """Write a list without the lines of bad videos.

    Args:
        source: The list.
        out: Where it goes.
        bad: For each line that is not blank, whether its video is bad.

    Returns:
        Number of lines.
    """
    lines = source.read_text(encoding='utf-8-sig').split('\n')
    filled = [line for line in lines if line.strip()]
    good = [line for line, own in zip(filled, bad, strict=True) if not own]
    write_whole(out, ''.join(f'{line}\n' for line in good))
    return len(good)


def _read(record: Path) -> dict[str, VideoCheck]:
    found = {}
    text = record.read_text('utf-8', errors='replace') if record.exists() else ''
    for line in text.split('\n'):
        try:
            check = VideoCheck(**json.loads(line))
            found[check.path] = check
        except (ValueError, TypeError, RecursionError):
            # A piece of a line that a kill has left.
            continue
    return found


def _check(
    videos: Sequence[Path], quick: bool, seconds: int, workers: int | None
) -> Iterator[VideoCheck]:
    """Check in groups, and what ended a process once more, alone."""
    workers = max(1, min(workers or available_cores(), len(videos)))
    left = list(videos)
    while left:
        # Until a process is ended, one pool does for all groups.
        with ProcessPoolExecutor(workers, worker_context(), start_worker) as pool:
            while left:
                group, left = left[: WAITING * workers], left[WAITING * workers :]
                jobs = {
                    pool.submit(in_time, check_video, (path, quick), seconds): path
                    for path in group
                }
                broken = []
                for job in as_completed(jobs):
                    try:
                        yield job.result()
                    except BrokenProcessPool:
                        broken.append(jobs[job])
                if broken:
                    break
        for path in broken:
            yield _check_alone(path, quick, seconds)


def _check_alone(path: Path, quick: bool, seconds: int) -> VideoCheck:
    begun = time.monotonic()
    with ProcessPoolExecutor(1, worker_context(), start_worker) as pool:
        try:
            return pool.submit(in_time, check_video, (path, quick), seconds).result()
        except BrokenProcessPool:
            late = time.monotonic() - begun >= seconds
            fault = f'it takes more than {seconds} s' if late else 'its decoder crashes'
            found = describe_file(path, quick)
            return replace(found, fault=found.fault or fault, lasting=False)
