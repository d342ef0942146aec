"""Extracting a set of videos: what is there already, what is made, what fails."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from tpn_tsn_plugin.datasets.lock import locked
from tpn_tsn_plugin.datasets.shards import WHOLE, Shard
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.output_files import write_whole

from .one_video import VideoJob
from .options import ExtractionOptions
from .pool import Report, extract_videos
from .records import Record, find_record, require_same
from .videos import Video
from .writers import remove_leftovers

LOCK = '.extract-flow-{}.lock'


@dataclass(frozen=True)
class Outcome:
    """What became of a set of videos.

    Attributes:
        records: Records of all videos that are complete, by name, in their order.
        made: Names of those that were made now.
        faults: Why the others could not be extracted, by name.
    """

    records: dict[str, Record]
    made: frozenset[str]
    faults: dict[str, str]


def extract(
    videos: Sequence[Video],
    out: Path,
    options: ExtractionOptions,
    *,
    shard: Shard = WHOLE,
    workers: int | None = None,
    force: bool = False,
    device: str = 'cpu',
    report: Report | None = None,
) -> Outcome:
    """Extract the optical flow of videos that do not have it yet.

    A run may be killed at any moment and started again. Several may work into one
    folder, each on a shard of its own; no two write the same file.

    Args:
        videos: All videos, those of other shards included.
        out: Folder of all videos' files.
        options: How they are extracted.
        shard: Which of the videos are for this run.
        workers: Number of processes, None for all cores.
        force: Whether videos that were extracted with other options are extracted
            anew, rather than refused.
        device: Where ``'tvl1_torch'`` computes; the others know the CPU alone.
        report: Called with how far the work has come, unless there is none.

    Returns:
        What became of the videos of this shard.

    Raises:
        ValueError: There is no such device, or the algorithm knows the CPU alone.
        FrameFolderError: The folder holds videos that were extracted with other
            options, or something else in the place of a video.
        MissingDependencyError: The algorithm is not installed.
        PluginError: Another run works on the same shard, or a process was killed.
        OSError: A file cannot be written.
    """
    _require_device(device, options.algorithm)
    distinct = list({video.name: video for video in videos}.values())
    out.mkdir(parents=True, exist_ok=True)
    with locked(out / LOCK.format(shard.tag)) as alone:
        if not alone:
            raise PluginError(
                f'another run extracts shard {shard} into {out}; wait for it, or give '
                'each run its own --shard'
            )
        records = {video.name: find_record(out, video.name) for video in distinct}
        wanted = options.record()
        for name, record in records.items():
            if record is not None and not force:
                require_same(name, record, wanted)
        own = shard.take(distinct)
        jobs = [
            VideoJob(video, out, options, shard.tag, device)
            for video in own
            if (record := records[video.name]) is None or record.options != wanted
        ]
        places = {(out / video.name).parent for video in own}
        remove_leftovers(sorted(places), shard.tag)
        results = extract_videos(jobs, workers, report) if jobs else []
    records |= {result.name: result.record for result in results}
    names = [video.name for video in own]
    return Outcome(
        {name: record for name in names if (record := records[name]) is not None},
        frozenset(result.name for result in results if result.record is not None),
        {result.name: result.fault for result in results if result.record is None},
    )


def _require_device(device: str, algorithm: str) -> None:
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(f"device must be 'cpu' or 'cuda', got {device!r}") from error
    if kind == 'cpu':
        return
    if algorithm != 'tvl1_torch':
        raise ValueError(
            f'algorithm {algorithm!r} knows the CPU alone, got device={device!r}; take '
            "'tvl1_torch'"
        )
    # Only counted: had this process begun with CUDA, those it forks could not.
    if kind != 'cuda' or torch.cuda.device_count() <= (torch.device(device).index or 0):
        raise ValueError(f'PyTorch finds no {device!r} here; take cpu')


def write_rawframes_list(path: Path, videos: Sequence[Video], outcome: Outcome) -> int:
    """Write MMAction2's list of frame folders, ``path total_frames label``.

    The number of frames is that of fields, one less than the video's, so that the list
    serves both modalities.

    Args:
        path: The list.
        videos: The videos, with labels.
        outcome: Those that are complete.

    Returns:
        Number of lines.
    """
    lines = [
        ' '.join([video.name, str(outcome.records[video.name].fields), *video.labels])
        for video in videos
        if video.name in outcome.records
    ]
    write_whole(path, ''.join(f'{line}\n' for line in lines))
    return len(lines)
