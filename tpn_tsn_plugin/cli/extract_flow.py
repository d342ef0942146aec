"""``tpn-tsn extract-flow``: write the optical flow of videos to files."""

from pathlib import Path
from time import perf_counter
from typing import Any

import click

from tpn_tsn_plugin.datasets.extraction import (
    FIELDS,
    FORMATS,
    ExtractionOptions,
    Outcome,
    Shard,
    Video,
    check_fields,
    extract,
    find_videos,
    parse_shard,
    progress,
    shard_of_environment,
    write_rawframes_list,
)
from tpn_tsn_plugin.functional.optical_flow import ALGORITHMS

HELP = """
Write the optical flow of VIDEOS (a folder, searched with all folders in it, one video,
or a list of `path label` lines) to the folder OUT.

Each video becomes a folder OUT/<its path without suffix> of flow_x_00001.jpg,
flow_y_00001.jpg, …, which MMAction2's RawFrameDecode reads, or with --format zip one
file that holds the same, which the plugin's FindFrames and CheckedRawFrameDecode read.
Beside them are extraction.json, how they were made, and checksums.md5, for `md5sum -c`.
A labelled list gives a list of frame folders in OUT.

May be killed at any moment and started again: what is complete is kept. Several
machines work on one OUT when each gets a --shard, which torchrun and Slurm give by
themselves.

All videos of a folder, on all cores, with RGB frames for two-stream training:

\b
    tpn-tsn extract-flow data/ucf101/videos data/ucf101/rawframes --frames

Half of a list, in one file a video, with the fast algorithm:

\b
    tpn-tsn extract-flow train.txt flow --root videos --algorithm dis \\
        --format zip --shard 0/2

Compute 20 of the fields again and compare:

\b
    tpn-tsn extract-flow data/ucf101/videos data/ucf101/rawframes --check 20
"""
DEFAULTS = ExtractionOptions()


class ShardType(click.ParamType):
    """A part of the work, ``index/count``."""

    name = 'i/n'

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Shard:
        """Read it."""
        if isinstance(value, Shard):
            return value
        try:
            return parse_shard(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


PARAMETERS: list[click.Parameter] = [
    click.Argument(['videos'], type=click.Path(exists=True, path_type=Path)),
    click.Argument(['out'], type=click.Path(file_okay=False, path_type=Path)),
    click.Option(
        ['--root'],
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        help="Folder that a list's paths count from.  [default: the list's folder]",
    ),
    click.Option(
        ['--algorithm'],
        type=click.Choice(list(ALGORITHMS)),
        default=DEFAULTS.algorithm,
        help='tvl1 is what papers use, tvl1_torch the same and faster, dis some '
        'hundred times faster.',
    ),
    click.Option(['--warped'], is_flag=True, help="Remove the camera's motion first."),
    click.Option(
        ['--bound'],
        type=float,
        default=DEFAULTS.bound,
        help='Pixels that become black and white; farther motion is clipped.',
    ),
    click.Option(
        ['--format', 'file_format'],
        type=click.Choice(FORMATS),
        default=DEFAULTS.file_format,
        help='Folders of files, or one file a video.',
    ),
    click.Option(
        ['--names'],
        type=click.Choice(list(FIELDS)),
        default=DEFAULTS.names,
        help='flow_x_00001.jpg, or x_00001.jpg as the configs of MMAction2 1.x have it '
        "(filename_tmpl='{}_{:05d}.jpg').",
    ),
    click.Option(
        ['--frames'], is_flag=True, help='Write RGB frames too: img_00001.jpg, …'
    ),
    click.Option(['--resize'], type=int, help='Short side in pixels.'),
    click.Option(
        ['--quality'], type=int, default=DEFAULTS.quality, help='JPEG quality.'
    ),
    click.Option(
        ['--workers'],
        type=click.IntRange(min=1),
        help='Processes, one core each.  [default: all cores]',
    ),
    click.Option(
        ['--device'],
        default='cpu',
        help='cpu, or cuda for tvl1_torch; there a few --workers are enough.',
    ),
    click.Option(
        ['--shard'],
        type=ShardType(),
        help='Take part i of n, from 0.  [default: as torchrun or Slurm says, or all]',
    ),
    click.Option(
        ['--check'],
        type=click.IntRange(min=1),
        metavar='N',
        help='Write nothing; compute N fields of OUT again and compare, with the '
        'options that they were made with.',
    ),
    click.Option(
        ['--force'],
        is_flag=True,
        help='Extract videos anew that were extracted with other options.',
    ),
]


@click.command(help=HELP, params=PARAMETERS, context_settings={'show_default': True})
@click.pass_context
def extract_flow(
    context: click.Context,
    videos: Path,
    out: Path,
    root: Path | None,
    workers: int | None,
    device: str,
    shard: Shard | None,
    check: int | None,
    force: bool,
    **options: Any,
) -> None:
    """Extract, or check what was extracted, and say what came of it."""
    found = find_videos(videos, root)
    if check is not None:
        if not _check(found, out, check):
            context.exit(1)
        return
    shard = shard or shard_of_environment()
    start = perf_counter()
    with progress('Optical flow', lambda line: click.echo(line, err=True)) as report:
        outcome = extract(
            found,
            out,
            ExtractionOptions(**options),
            shard=shard,
            workers=workers,
            force=force,
            device=device,
            report=report,
        )
    _summarise(outcome, out, shard, perf_counter() - start)
    if videos.is_file() and any(video.labels for video in found):
        _write_list(out, videos.stem, shard, found, outcome)
    for name, fault in outcome.faults.items():
        click.echo(f'Failed: {name}: {fault}', err=True)
    if outcome.faults:
        context.exit(1)


def _summarise(outcome: Outcome, out: Path, shard: Shard, seconds: float) -> None:
    there = len(outcome.records) - len(outcome.made)
    fields = sum(outcome.records[name].fields for name in outcome.made)
    part = f', shard {shard}' if shard.count > 1 else ''
    click.echo(f'{out}{part}:')
    click.echo(f'  extracted      {len(outcome.made)} videos, {fields} fields')
    if fields:
        click.echo(f'  speed          {fields / seconds:.1f} frames/s')
    click.echo(f'  already there  {there} videos')
    unwarped = [r.unwarped for r in outcome.records.values() if r.unwarped is not None]
    if unwarped:
        total = sum(record.fields for record in outcome.records.values())
        share = f'{sum(unwarped)} of {total} fields'
        click.echo(f"  not warped     {share}, where the camera's motion is unclear")
    if outcome.faults:
        click.echo(f'  failed         {len(outcome.faults)} videos')


def _write_list(
    out: Path, stem: str, shard: Shard, videos: list[Video], outcome: Outcome
) -> None:
    # Each shard has a list of its own; together they are the whole.
    part = f'_{shard.tag}' if shard.count > 1 else ''
    path = out / f'{stem}_rawframes{part}.txt'
    lines = write_rawframes_list(path, videos, outcome)
    click.echo(f'  list           {path} ({lines} lines)')


def _check(videos: list[Video], out: Path, count: int) -> bool:
    sound = True
    click.echo('| field | mean | largest | JPEG alone, mean |')
    click.echo('|---|---|---|---|')
    for field in check_fields(videos, out, count):
        click.echo(
            f'| {field.name} {field.number} | {field.mean:.2f} | {field.largest} '
            f'| {field.jpeg_mean:.2f} |'
        )
        sound = sound and field.sound
    if sound:
        click.echo('\nDifferences in grey levels; no more than JPEG makes.')
    else:
        click.echo('\nDifferences in grey levels; more than JPEG makes.', err=True)
    return sound
