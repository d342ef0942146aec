"""``tpn-tsn check-videos``: find videos that cannot be read."""

from pathlib import Path

import click

from tpn_tsn_plugin.datasets.checking import Checks, check_videos, write_good_list
from tpn_tsn_plugin.datasets.extraction import find_videos
from tpn_tsn_plugin.datasets.progress import progress
from tpn_tsn_plugin.errors import one_line
from tpn_tsn_plugin.output_files import require_free

HELP = """
Decode all frames of VIDEOS (a list of `path label` lines, a folder, searched with all
folders in it, or one video), and name those that cannot be read, on all cores.

May be killed and started again: --record keeps what was found, and videos that were not
changed since are not read again. Exit code 1 if there are bad ones.

All videos of a list, and a list without the bad ones:

\b
    tpn-tsn check-videos train.txt --root data/videos --good train_good.txt

A first look, three frames of each:

\b
    tpn-tsn check-videos data/videos --quick
"""


@click.command(help=HELP, context_settings={'show_default': True})
@click.argument('videos', type=click.Path(exists=True, path_type=Path))
@click.option(
    '--root',
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder that a list's paths count from.  [default: the list's folder]",
)
@click.option(
    '--record',
    type=click.Path(dir_okay=False, path_type=Path),
    default='work_dirs/checked_videos.jsonl',
    help='File with a line a video: its frames, or why it cannot be read.',
)
@click.option(
    '--good',
    type=click.Path(dir_okay=False, path_type=Path),
    help='Write the list without its bad videos to this file.',
)
@click.option('--quick', is_flag=True, help='First, middle and last frame only.')
@click.option(
    '--seconds',
    type=click.IntRange(min=1),
    default=120,
    help='Time for a video, after which it counts as bad.',
)
@click.option(
    '--workers',
    type=click.IntRange(min=1),
    help='Processes, one core each.  [default: all cores]',
)
@click.option('--force', is_flag=True, help='Replace --good if it exists.')
@click.pass_context
def check(
    context: click.Context,
    videos: Path,
    root: Path | None,
    record: Path,
    good: Path | None,
    quick: bool,
    seconds: int,
    workers: int | None,
    force: bool,
) -> None:
    """Check, name the bad ones, and say what there is."""
    if good is not None:
        if not videos.is_file() or videos.suffix != '.txt':
            raise click.BadParameter(
                f'needs a list (.txt) to leave lines out of, got {videos}',
                param_hint="'--good'",
            )
        require_free([good], [videos, record], force=force)
    paths = [video.path for video in find_videos(videos, root, for_writing=False)]
    with progress('Checks', lambda line: click.echo(line, err=True)) as report:
        checks = check_videos(
            paths,
            record,
            quick=quick,
            seconds=seconds,
            workers=workers,
            report=report,
        )
    for found in checks.bad:
        # Names may hold anything.
        click.echo(one_line(f'Bad video: {found.path}: {found.fault}'), err=True)
    _summarise(checks, record)
    if good is not None:
        count = write_good_list(videos, good, [bool(own.fault) for own in checks.found])
        click.echo(f'  list       {good} ({count} lines)')
    if checks.bad:
        context.exit(1)


def _summarise(checks: Checks, record: Path) -> None:
    frames = sum(found.frames or 0 for found in checks.found if not found.fault)
    good = len(checks.found) - len(checks.bad)
    before = f', {checks.known} of them checked before' if checks.known else ''
    click.echo(f'{len(checks.found)} videos{before}:')
    click.echo(f'  good       {good} ({frames} frames)')
    click.echo(f'  bad        {len(checks.bad)}')
    click.echo(f'  record     {record}')
