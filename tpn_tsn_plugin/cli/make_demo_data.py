"""``tpn-tsn make-demo-data``: make the demo data of a task."""

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import click

from tpn_tsn_plugin.datasets.progress import progress
from tpn_tsn_plugin.datasets.tempo_demo import (
    CONTACT_SHEET,
    TASKS,
    TEMPO,
    TaskOptions,
    generate,
    remove_optical_flow,
)

EXAMPLE = """
Make the data that the demo configs use:

\b
    tpn-tsn make-demo-data
    tpn-tsn make-demo-data --task correspondence

A smaller set elsewhere:

\b
    tpn-tsn make-demo-data /tmp/tempo --train 120 --val 60 --test 60
"""

SPLITS = {
    'train': 'Training clips.',
    'val': 'Validation clips.',
    'test': 'Test clips.',
    'untrimmed': 'Untrimmed videos to test with.',
    'untrimmed_train': 'Untrimmed videos to train with.',
}


def count_options(command: Callable) -> Callable:
    """Add an option for the size of each split, with the default of each task."""
    for split, text in reversed(SPLITS.items()):
        defaults = ', '.join(
            f'{name} {task.options().count(split)}'
            for name, task in TASKS.items()
            if split in task.options.SPLITS
        )
        option = click.option(
            f'--{split.replace("_", "-")}',
            type=click.IntRange(min=0),
            help=f'{text}  [default: {defaults}]',
        )
        command = option(command)
    return command


def read_options(task: str, seed: int, counts: dict[str, int | None]) -> TaskOptions:
    """Check the sizes of splits that were given, and build a task's options.

    Raises:
        click.BadOptionUsage: The task has no such split.
    """
    options = TASKS[task].options
    given = {split: count for split, count in counts.items() if count is not None}
    for split in given:
        if split not in options.SPLITS:
            name = f'--{split.replace("_", "-")}'
            raise click.BadOptionUsage(
                name, f'{name} is not for --task {task}, whose videos are all trimmed'
            )
    return options.from_dicts(seed, given)


@click.command(
    help='Generate small videos with their lists, true values and a contact sheet in '
    'the folder OUT. Does nothing if they are there. What a class is: '
    + '; '.join(f'{name}: {task.summary}' for name, task in TASKS.items())
    + '.\n'
    + EXAMPLE,
    context_settings={'show_default': True},
)
@click.argument('out', type=click.Path(path_type=Path), required=False)
@click.option('--task', type=click.Choice(list(TASKS)), default=TEMPO.name)
@click.option('--seed', type=click.IntRange(min=0), default=0, help='Random seed.')
@count_options
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
    out: Path | None,
    task: str,
    seed: int,
    workers: int | None,
    force: bool,
    **counts: int | None,
) -> None:
    """Make the demo data of a task and say what was made and where."""
    options = read_options(task, seed, counts)
    out = out or Path(TASKS[task].default_root)
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
