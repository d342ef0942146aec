"""Making the whole demo data folder: videos, lists, metadata.

Video ``index`` of a split draws from a stream of its own, keyed by seed, split and
index. So no clip depends on how many others there are or on who made them.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .classes import CLASS_NAMES, TEMPO_BANDS_HZ
from .clips import make_clip
from .contact_sheet import write_contact_sheet
from .options import TRIMMED_SPLITS, TempoOptions
from .parallel import run_jobs
from .progress import Report
from .store import make_once
from .untrimmed import make_untrimmed
from .video_io import write_video

# Raised whenever the same options give other videos or lists.
GENERATOR_VERSION = 1
CONTACT_SHEET = 'contact_sheet.png'

Record = dict[str, Any]


@dataclass(frozen=True)
class VideoJob:
    """One video to make: which, of what, and where."""

    options: TempoOptions
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
    scene = job.options.scene
    rng = job.options.stream(job.split, job.index)
    if job.split in TRIMMED_SPLITS:
        frames, truth = make_clip(rng, scene, job.index % len(CLASS_NAMES))
    else:
        frames, truth = make_untrimmed(rng, scene, job.index)
    write_video(job.folder / job.path, frames, scene.fps)
    origin = {'seed': job.options.seed, 'split': job.split, 'index': job.index}
    size = {'num_frames': len(frames), 'fps': scene.fps}
    return {'path': job.path, **origin, **size, **truth}


def generate(
    root: Path,
    options: TempoOptions,
    workers: int | None = None,
    force: bool = False,
    report: Report | None = None,
) -> bool:
    """Make the tempo demo data unless they are there.

    Args:
        root: Folder to make.
        options: Sizes, seed and scene.
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

    parameters = {**generator_record(), **options.record()}
    return make_once(Path(root), parameters, fill, force)


def generator_record() -> Record:
    """What the videos depend on beside the options, for a manifest."""
    bands = {k: list(v) for k, v in TEMPO_BANDS_HZ.items()}
    return {'generator': 'tempo', 'version': GENERATOR_VERSION, 'tempo_bands_hz': bands}


def _fill(
    folder: Path,
    options: TempoOptions,
    workers: int | None,
    report: Report | None,
) -> Record:
    jobs = [
        VideoJob(options, split, index, folder)
        for split in options.splits
        for index in range(options.count(split))
    ]
    for split in options.splits:
        (folder / 'videos' / split).mkdir(parents=True)
    records = run_jobs(make_video, jobs, workers, report)
    (folder / 'classes.txt').write_text('\n'.join(CLASS_NAMES) + '\n')
    for split in options.splits:
        _write_lists(folder, split, [r for r in records if r['split'] == split])
    write_contact_sheet(folder / CONTACT_SHEET, options)
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
