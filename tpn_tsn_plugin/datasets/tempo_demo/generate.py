"""Making the whole demo data folder: videos, lists, metadata.

Video ``index`` of a split draws from a stream of its own, keyed by seed, split and
index. So no clip depends on how many others there are or on who made them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tpn_tsn_plugin.datasets.parallel import run_jobs
from tpn_tsn_plugin.datasets.progress import Report

from .store import make_once
from .task_options import TRIMMED_SPLITS, TaskOptions
from .tasks import TASKS
from .video_io import write_video

CONTACT_SHEET = 'contact_sheet.png'

Record = dict[str, Any]


@dataclass(frozen=True)
class VideoJob:
    """One video to make: which, of what, and where."""

    options: TaskOptions
    split: str
    index: int
    folder: Path

    @property
    def path(self) -> str:
        """Path relative to the data folder."""
        return f'videos/{self.split}/{self.split}_{self.index:05d}.mp4'


def make_video(job: VideoJob) -> Record:
    """Make and write one video.

    Returns:
        Its metadata: path, seed, stream, frames per second, and the true values.
    """
    task, scene = TASKS[job.options.TASK], job.options.scene
    rng = job.options.stream(job.split, job.index)
    frames, truth = task.make(rng, scene, job.split, job.index)
    write_video(job.folder / job.path, frames, scene.fps)
    origin = {'seed': job.options.seed, 'split': job.split, 'index': job.index}
    size = {'num_frames': len(frames), 'fps': scene.fps}
    return {'path': job.path, **origin, **size, **truth}


def generate(
    root: Path,
    options: TaskOptions,
    workers: int | None = None,
    force: bool = False,
    report: Report | None = None,
) -> bool:
    """Make the demo data of a task unless they are there.

    Args:
        root: Folder to make.
        options: Sizes, seed and scene; their class tells the task.
        workers: Number of processes, None for all cores.
        force: Remake a folder that was made with other options.
        report: Called with the numbers of videos done and of all, first with none
            done, once there is something to make.

    Returns:
        Whether the data were made now.

    Raises:
        DemoDataError: The folder cannot be used; the message says why and what to do.
    """

    def fill(folder: Path) -> Record:
        return _fill(folder, options, workers, report)

    parameters = {**TASKS[options.TASK].record(), **options.record()}
    return make_once(Path(root), parameters, fill, force)


def _fill(
    folder: Path,
    options: TaskOptions,
    workers: int | None,
    report: Report | None,
) -> Record:
    task = TASKS[options.TASK]
    jobs = [
        VideoJob(options, split, index, folder)
        for split in options.splits
        for index in range(options.count(split))
    ]
    for split in options.splits:
        (folder / 'videos' / split).mkdir(parents=True)
    records = run_jobs(make_video, jobs, workers, report)
    (folder / 'classes.txt').write_text('\n'.join(task.class_names) + '\n')
    for split in options.splits:
        _write_lists(folder, split, [r for r in records if r['split'] == split])
    task.write_contact_sheet(folder / CONTACT_SHEET, options)
    return {'counts': {split: options.count(split) for split in options.splits}}


def _write_lists(folder: Path, split: str, records: list[Record]) -> None:
    lines = [' '.join([r['path'], *map(str, _labels(r))]) for r in records]
    (folder / f'{split}.txt').write_text(''.join(f'{line}\n' for line in lines))
    (folder / f'{split}_truth.json').write_text(json.dumps(records, indent=1) + '\n')
    if split not in TRIMMED_SPLITS:
        times = {Path(r['path']).stem: _localisation(r) for r in records}
        path = folder / f'{split}_localization.json'
        path.write_text(json.dumps(times, indent=1) + '\n')


def _labels(record: Record) -> list[int]:
    if 'actions' not in record:
        return [record['label']]
    return sorted({action['label'] for action in record['actions']})


def _localisation(record: Record) -> Record:
    """One video in the fields of MMAction2's ``ActivityNetDataset``."""
    return {
        'duration_second': record['num_frames'] / record['fps'],
        'duration_frame': record['num_frames'],
        'annotations': [
            {'segment': action['segment'], 'label': action['class_name']}
            for action in record['actions']
        ],
        'feature_frame': record['num_frames'],
        'fps': float(record['fps']),
        'rfps': float(record['fps']),
    }
