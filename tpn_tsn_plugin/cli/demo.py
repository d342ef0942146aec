"""``tpn-tsn demo``: the main job, from nothing to a comparison."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

from tpn_tsn_plugin.analysis.experiments.comparison import markdown, summarise
from tpn_tsn_plugin.analysis.experiments.experiment import (
    Experiment,
    Progress,
    run_experiment,
)
from tpn_tsn_plugin.datasets.progress import progress
from tpn_tsn_plugin.datasets.tempo_demo import (
    CONTACT_SHEET,
    TempoOptions,
    generate,
)

from .config_files import read_options

# The first is what the others are compared with.
MODELS = {
    'slowonly': ('SlowOnly-R18', 'slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'),
    'slowonly-wide': (
        "SlowOnly-R18, as large as TPN's",
        'slowonly-wide_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
    ),
    'tpn': (
        'SlowOnly-R18 + TPN, parallel',
        'tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
    ),
    'tpn-cascade': (
        'SlowOnly-R18 + TPN, cascade',
        'tpn-slowonly-cascade_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py',
    ),
}
EXAMPLE = """
Compare SlowOnly with and without a temporal pyramid (some minutes on two cores):

\b
    tpn-tsn demo

All four models, three seeds each:

\b
    tpn-tsn demo --models slowonly,slowonly-wide,tpn,tpn-cascade --seeds 0,1,2
"""


def read_models(context: click.Context, _: click.Parameter, value: str) -> list[str]:
    """Split and check the names of models."""
    names = [name.strip() for name in value.split(',')]
    unknown = [name for name in names if name not in MODELS]
    if unknown:
        raise click.BadParameter(f'{unknown[0]!r} is not one of {", ".join(MODELS)}')
    return names


def read_seeds(context: click.Context, _: click.Parameter, value: str) -> list[int]:
    """Split and check the seeds."""
    seeds = [seed.strip() for seed in value.split(',')]
    if not all(seed.isdigit() for seed in seeds):
        raise click.BadParameter(f'must be whole numbers like 0,1,2, got {value!r}')
    numbers = [int(seed) for seed in seeds]
    if len(set(numbers)) < len(numbers):
        raise click.BadParameter(f'must be different numbers, got {value!r}')
    return numbers


@click.command(
    help='Generate the demo videos, train TPN and its baseline with `mim train`, test '
    'them with `mim test`, and print the comparison. What is finished is not done '
    'again; what was interrupted goes on.\n' + EXAMPLE,
    context_settings={'show_default': True},
)
@click.argument('out', type=click.Path(path_type=Path), default='work_dirs/demo')
@click.option(
    '--models',
    default='slowonly,tpn',
    callback=read_models,
    help=f'Any of {", ".join(MODELS)}, separated by commas.',
)
@click.option(
    '--seeds', default='0', callback=read_seeds, help='Seeds, separated by commas.'
)
@click.option(
    '--cfg-options',
    multiple=True,
    callback=read_options,
    metavar='KEY=VALUE',
    help='Change an entry of every config; may be repeated.',
)
def demo(
    out: Path, models: list[str], seeds: list[int], cfg_options: tuple[str, ...]
) -> None:
    """Train and test the chosen models and compare them."""
    configs = Path(str(files('tpn_tsn_plugin') / '.mim' / 'configs' / 'demo'))
    experiments = [
        (MODELS[name][0], Experiment(configs / MODELS[name][1], seed, out, cfg_options))
        for seed in seeds
        for name in models
    ]
    num_test = _make_data(experiments[0][1])
    out.mkdir(parents=True, exist_ok=True)

    results: dict[str, list[dict]] = {}
    for title, experiment in experiments:
        with _epochs(f'{title}, seed {experiment.seed}') as show:
            result = run_experiment(experiment, show)
        results.setdefault(title, []).append(result)
    table = markdown(summarise(results))
    (out / 'comparison.md').write_text(table + '\n')
    click.echo(
        f'\nTop-1 accuracy on the test split ({num_test} clips, '
        f'12 classes, chance 8.3 %), seeds: {", ".join(map(str, seeds))}\n\n{table}\n\n'
        f'Logs, checkpoints and results: {out}'
    )


def _make_data(experiment: Experiment) -> int:
    """Make the videos that a config asks for; return how many are for testing."""
    dataset = experiment.load_config().train_dataloader.dataset
    root = Path(dataset.data_root)
    options = TempoOptions.from_dicts(
        dataset.get('seed', 0), dataset.get('num_videos'), dataset.get('scene')
    )
    with progress('demo videos', click.echo) as report:
        generate(root, options, report=report)
    click.echo(f'Demo videos: {root}; what they show: {root / CONTACT_SHEET}')
    return options.test


@contextmanager
def _epochs(title: str) -> Iterator[Progress]:
    """Show how far a training has come: a bar on a terminal, lines elsewhere."""
    if not sys.stderr.isatty():
        shown = -1

        def line(done: int, total: int, accuracy: float | None) -> None:
            nonlocal shown
            if done > shown:
                shown = done
                click.echo(f'{title}: epoch {done}/{total}{_percent(accuracy)}')

        yield line
        return
    columns = (
        TextColumn('{task.description}'),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn('{task.fields[accuracy]}'),
        TimeElapsedColumn(),
    )
    with Bar(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=None, accuracy='')

        def move(done: int, total: int, accuracy: float | None) -> None:
            bar.update(task, completed=done, total=total, accuracy=_percent(accuracy))

        yield move


def _percent(accuracy: float | None) -> str:
    return '' if accuracy is None else f', validation top-1 {100 * accuracy:.1f} %'
