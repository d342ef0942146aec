"""``tpn-tsn make-demo-data``: make the tempo demo data."""

from pathlib import Path
from time import perf_counter

import click

from tpn_tsn_plugin.datasets.tempo_demo import (
    CONTACT_SHEET,
    DEFAULT_ROOT,
    TempoOptions,
    generate,
    progress,
    remove_optical_flow,
)

EXAMPLE = """
Make the data that the demo configs use:

\b
    tpn-tsn make-demo-data

A smaller set elsewhere:

\b
    tpn-tsn make-demo-data /tmp/tempo --train 120 --val 60 --test 60
"""

DEFAULTS = TempoOptions()
COUNT = click.IntRange(min=0)


@click.command(
    help='Generate small videos whose class is a motion at a tempo, with their lists, '
    'true tempi and a contact sheet, in the folder OUT. Does nothing if they are '
    'there.\n' + EXAMPLE,
    context_settings={'show_default': True},
)
@click.argument('out', type=click.Path(path_type=Path), default=DEFAULT_ROOT)
@click.option('--seed', type=COUNT, default=DEFAULTS.seed, help='Random seed.')
@click.option('--train', type=COUNT, default=DEFAULTS.train, help='Training clips.')
@click.option('--val', type=COUNT, default=DEFAULTS.val, help='Validation clips.')
@click.option('--test', type=COUNT, default=DEFAULTS.test, help='Test clips.')
@click.option(
    '--untrimmed',
    type=COUNT,
    default=DEFAULTS.untrimmed,
    help='Untrimmed videos to test with.',
)
@click.option(
    '--untrimmed-train',
    type=COUNT,
    default=DEFAULTS.untrimmed_train,
    help='Untrimmed videos to train with.',
)
@click.option(
    '--workers', type=click.IntRange(min=1), help='Processes.  [default: all cores]'
)
@click.option(
    '--force',
    is_flag=True,
    help='Remake a folder that was made with other options or is damaged; it is kept '
    'until the new one is complete. Optical flow beside it is removed.',
)
def make_demo_data(
    out: Path, seed: int, workers: int | None, force: bool, **counts: int
) -> None:
    """Make the tempo demo data and say what was made and where."""
    options = TempoOptions.from_dicts(seed, counts)
    start = perf_counter()
    with progress('demo videos', lambda line: click.echo(line, err=True)) as report:
        made = generate(out, options, workers, force, report)
    if force:
        # Made from the videos; a dataset that needs it makes it anew.
        remove_optical_flow(out)
    if made:
        click.echo(f'Made in {perf_counter() - start:.1f} s:')
    else:
        click.echo('Already complete:')
    files = [path for path in out.rglob('*') if path.is_file()]
    size = sum(path.stat().st_size for path in files)
    contents = ', '.join(f'{split} {options.count(split)}' for split in options.splits)
    click.echo(f'  folder         {out} ({size / 1e6:.1f} MB)')
    click.echo(f'  videos         {contents}')
    lists = ', '.join(f'{split}.txt' for split in options.splits)
    click.echo(f'  lists          {lists}')
    click.echo(f'  contact sheet  {out / CONTACT_SHEET}')
