"""``tpn-tsn ablate``: run a family of experiments and print its table."""

from pathlib import Path
from time import perf_counter

import click

from tpn_tsn_plugin.analysis.experiments.family import Family, read_family
from tpn_tsn_plugin.analysis.experiments.family_files import FamilyFiles
from tpn_tsn_plugin.analysis.experiments.family_run import Finished, Result, run_family
from tpn_tsn_plugin.analysis.experiments.family_table import difference_table, table
from tpn_tsn_plugin.datasets.shards import shard_of_environment

from .demo import read_seeds

EXAMPLE = """
Three learning strategies for optical flow on the demo data, three seeds each, two
trainings at a time:

\b
    tpn-tsn ablate configs/ablations/tsn-initialisation_tempo-demo.py --jobs 2

The same shared by eight processes on two machines that see one folder, and under Slurm:

\b
    torchrun --nnodes 2 --nproc-per-node 4 --rdzv-endpoint HOST:29500 \\
        --no-python tpn-tsn ablate FAMILY --out SHARED_FOLDER
    srun --ntasks 8 --gpus-per-task 1 tpn-tsn ablate FAMILY --out SHARED_FOLDER
"""


@click.command(
    help='Train and test a family of configs with several seeds, and print the table '
    "of their results, mean ± standard deviation, beside the paper's figures, and what "
    'each row has more than the baseline, paired by seed. What is finished is not done '
    'again; what was interrupted goes on. Processes that are given one folder share '
    'the work. The table goes to table.md and all results to results.json in the '
    'folder; those of another family, or of more seeds or cells, are replaced with '
    '--force only.\n' + EXAMPLE,
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
    help='Experiments at the same time; they share the cores, and take a GPU each.',
)
@click.option(
    '--out',
    type=click.Path(file_okay=False, path_type=Path),
    help='Where logs, checkpoints and results go.  [default: work_dirs/ablations and '
    "the family's name]",
)
@click.option(
    '--force',
    is_flag=True,
    help='Replace table.md and results.json, whatever they are of.',
)
def ablate(
    family: Path, seeds: list[int], jobs: int, out: Path | None, force: bool
) -> None:
    """Run the family and print its table."""
    read = read_family(family)
    out = out or Path('work_dirs/ablations') / family.stem
    files = FamilyFiles(out, family.stem, read, tuple(seeds))
    if not force:
        files.require_own()
    results = run_family(read, out, seeds, jobs, _show(read, seeds))
    if shard_of_environment().index > 0:
        click.echo('all is done; process 0 prints the table')
        return
    text = f'{read.title}, {read.metric}, %, seeds {", ".join(map(str, seeds))}\n\n'
    text += table(read, results)
    differences = difference_table(read, results)
    if differences is not None:
        text += (
            f'\n\nDifference to {read.baseline}, paired by seed: mean in points (95 % '
            f'confidence interval), p of the paired t-test\n\n{differences}'
        )
    click.echo(f'\n{text}\n')
    if not force:
        # Somebody else may have written there in the meantime.
        files.require_own()
    files.write(text, results)
    click.echo(f'Logs, checkpoints and results: {out}')


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
