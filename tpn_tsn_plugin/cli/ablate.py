"""``tpn-tsn ablate``: run a family of experiments and print its table."""

import json
from pathlib import Path
from time import perf_counter

import click

from tpn_tsn_plugin.analysis.experiments.family import (
    Family,
    Finished,
    Result,
    read_family,
    run_family,
)
from tpn_tsn_plugin.analysis.experiments.family_table import table

from .demo import read_seeds

EXAMPLE = """
Three learning strategies for optical flow on the demo data, three seeds each, two
trainings at a time:

\b
    tpn-tsn ablate configs/ablations/tsn-initialisation_tempo-demo.py --jobs 2
"""


@click.command(
    help='Train and test a family of configs with several seeds, and print the table '
    'of their results, mean ± standard deviation. What is finished is not done again; '
    'what was interrupted goes on.\n' + EXAMPLE,
    context_settings={'show_default': True},
)
@click.argument('family', type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    '--seeds', default='0,1,2', callback=read_seeds, help='Seeds, separated by commas.'
)
@click.option(
    '--jobs',
    type=click.IntRange(min=1),
    default=1,
    help='Experiments at the same time; they share the cores.',
)
@click.option(
    '--out',
    type=click.Path(file_okay=False, path_type=Path),
    help='Where logs, checkpoints and results go.  [default: work_dirs/ablations and '
    "the family's name]",
)
def ablate(family: Path, seeds: list[int], jobs: int, out: Path | None) -> None:
    """Run the family and print its table."""
    read = read_family(family)
    out = out or Path('work_dirs/ablations') / family.stem
    results = run_family(read, out, seeds, jobs, _show(read, seeds))
    text = f'{read.title}, {read.metric}, %, seeds {", ".join(map(str, seeds))}\n\n'
    text += table(read, results)
    (out / 'table.md').write_text(text + '\n')
    (out / 'results.json').write_text(
        json.dumps(
            [
                dict(row=cell.row, column=cell.column, runs=runs)
                for cell, runs in results.items()
            ],
            indent=1,
        )
        + '\n'
    )
    click.echo(f'\n{text}\n\nLogs, checkpoints and results: {out}')


def _show(family: Family, seeds: list[int]) -> Finished:
    cells = [*family.sources, *family.cells]
    metrics = {cell.label: cell.metric or family.metric for cell in cells}
    total = len(seeds) * len(cells)
    done = 0
    start = perf_counter()

    def finished(label: str, seed: int, result: Result) -> None:
        nonlocal done
        done += 1
        value = result['test'][metrics[label]]
        minutes = (perf_counter() - start) / 60
        click.echo(
            f'{done}/{total} {label}, seed {seed}: {100 * value:.1f} % '
            f'({minutes:.0f} min)',
            err=True,
        )

    return finished
