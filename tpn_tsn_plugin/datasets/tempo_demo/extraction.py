"""Optical flow of the demo videos, as folders of JPEG files.

Files are called, numbered and quantised as published extractions are, so that what
reads these reads those.
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import mmcv

from tpn_tsn_plugin.datasets.parallel import run_jobs
from tpn_tsn_plugin.datasets.progress import Report
from tpn_tsn_plugin.errors import DemoDataError
from tpn_tsn_plugin.functional.optical_flow import BOUND, estimate, quantise

from .generate import VideoJob
from .store import MANIFEST, make_once, read_manifest
from .task_options import TaskOptions
from .tasks import TASKS

# Raised whenever the same videos give other files.
EXTRACTION_VERSION = 1
ALGORITHM = 'dis'
FIELD_TEMPLATE = 'flow_{}_{:05}.jpg'
FIRST_FIELD = 1


def optical_flow_folder(root: Path, split: str) -> Path:
    """Where the optical flow of a split lies: beside the data folder, not in it."""
    return Path(f'{root}_optical_flow') / split


@dataclass(frozen=True)
class FieldJob:
    """One video whose optical flow is wanted, and the folder to write it to."""

    video: Path
    folder: Path


def write_fields(job: FieldJob) -> int:
    """Estimate and write the optical flow of one video.

    Returns:
        Number of fields, one less than the video has frames.

    Raises:
        OSError: A frame cannot be read or a file not written.
    """
    job.folder.mkdir()
    reader = mmcv.VideoReader(str(job.video))
    fields = estimate(map(mmcv.bgr2gray, reader), ALGORITHM)
    count = 0
    for count, field in enumerate(fields, 1):
        for axis, levels in zip('xy', cv2.split(quantise(field)), strict=True):
            name = FIELD_TEMPLATE.format(axis, FIRST_FIELD + count - 1)
            if not cv2.imwrite(str(job.folder / name), levels):
                raise OSError(f'OpenCV cannot write {job.folder / name}')
    if count == 0 or count != reader.frame_cnt - 1:
        raise OSError(f'{job.video} cannot be read whole: it gave {count} fields')
    return count


def extract_optical_flow(
    root: Path,
    split: str,
    options: TaskOptions,
    workers: int | None = None,
    report: Report | None = None,
) -> dict[str, int]:
    """Make the optical flow of a split unless it is there.

    Args:
        root: The data folder, complete.
        split: One of its splits.
        options: What the data folder was made with.
        workers: Number of processes, None for all cores.
        report: Called with the numbers of videos done and of all, first with none
            done, once there is something to make.

    Returns:
        Number of fields per video, by the name of the video's sub-folder in
        :func:`optical_flow_folder`.

    Raises:
        DemoDataError: The folder cannot be used; the message says why and what to do.
    """
    videos = [
        root / VideoJob(options, split, index, root).path
        for index in range(options.count(split))
    ]

    def fill(folder: Path) -> dict[str, Any]:
        jobs = [FieldJob(video, folder / video.stem) for video in videos]
        counts = run_jobs(write_fields, jobs, workers, report)
        names = (video.stem for video in videos)
        return {'fields': dict(zip(names, counts, strict=True))}

    folder = optical_flow_folder(root, split)
    make_once(folder, _parameters(split, options), fill)
    manifest = read_manifest(folder)
    if manifest is None:
        raise DemoDataError(f'{folder} was removed while it was read; start again')
    counts = manifest.get('fields')
    if not isinstance(counts, dict) or not all(
        isinstance(counts.get(video.stem), int) for video in videos
    ):
        raise DemoDataError(
            f'{folder} does not tell how many fields each video has (no usable '
            f'{MANIFEST}); delete it to have it made anew'
        )
    return counts


def remove_optical_flow(root: Path) -> None:
    """Remove the optical flow of videos that were remade.

    Raises:
        DemoDataError: A folder in its place holds something else.
    """
    splits = {split for task in TASKS.values() for split in task.options.SPLITS}
    for split in sorted(splits):
        folder = optical_flow_folder(root, split)
        if read_manifest(folder) is not None:
            shutil.rmtree(folder)


def _parameters(split: str, options: TaskOptions) -> dict[str, Any]:
    """What a split's files depend on; the sizes of other splits are no part of it."""
    look = {k: v for k, v in options.record().items() if k not in options.SPLITS}
    count = {'split': split, 'videos': options.count(split)}
    made = {'version': EXTRACTION_VERSION, 'algorithm': ALGORITHM, 'bound': BOUND}
    return {'optical_flow': made, **TASKS[options.TASK].record(), **look, **count}
