"""``tpn-tsn tempo``: measure visual tempo, and what models make of it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import torch

from tpn_tsn_plugin.analysis.prediction.labels import read_label_map
from tpn_tsn_plugin.analysis.tempo.curves import SPLITS
from tpn_tsn_plugin.analysis.tempo.measurement import UNITS
from tpn_tsn_plugin.analysis.tempo.options import StudyOptions
from tpn_tsn_plugin.analysis.tempo.robustness import TestedModel
from tpn_tsn_plugin.analysis.tempo.study import Report, make_study
from tpn_tsn_plugin.datasets.progress import progress
from tpn_tsn_plugin.functional.tempo_gain import BINS
from tpn_tsn_plugin.functional.visual_tempo import BASELINES

from .config_files import read_options
from .quiet import only_errors
from .variadic import VariadicCommand

HELP = """
Measure the visual tempo of the videos that CONFIG tests, as section 4.3 of the TPN
paper does: a trained TSN (CONFIG, CHECKPOINT) classifies every frame, and the full
width at half maximum of the probability curve of a video's class says how slow the
action is. Then, with --model, how the gain of a model goes together with the variance
of tempo in a class (Figure 4), and how accuracy holds out when videos are made faster
or slower (Figure 5).

Writes CSV files, pictures, and report.html, which opens without a network. What is
finished is not done again; what was interrupted goes on.

The variance of tempo in the classes of a data set:

\b
    tpn-tsn tempo TSN_CONFIG tsn.pth --out work_dirs/tempo

All of it on demo clips in which actions start and end, whose true tempo is known, with
models that tpn-tsn demo has trained (its configs are in CONFIGS/demo):

\b
    TSN=tsn_r18_1xb16-6x1x3-12e_instances-demo-rgbdiff
    mim train mmaction CONFIGS/demo/$TSN.py --work-dir work_dirs/$TSN
    tpn-tsn tempo CONFIGS/demo/$TSN.py work_dirs/$TSN/epoch_12.pth --smooth 4 \\
        --model SlowOnly SLOWONLY_CONFIG slowonly.pth \\
        --model TPN TPN_CONFIG tpn.pth --bin-size 3 \\
        --groups CONFIGS/demo/tempo_demo_motions.txt
"""
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def read_models(
    context: click.Context, _: click.Parameter, value: tuple[tuple[str, Path, Path]]
) -> tuple[TestedModel, ...]:
    """Check the names of models, which name files."""
    names = [name for name, *_ in value]
    for name in names:
        if not name or Path(name).name != name or names.count(name) > 1:
            raise click.BadParameter(
                f'{name!r} must be a name that can be part of a file name, once only'
            )
    return tuple(TestedModel(*model) for model in value)


def read_intervals(
    context: click.Context, _: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Split and check sampling intervals."""
    if value is None:
        return None
    words = [word.strip() for word in value.split(',')]
    if not all(word.isdigit() and int(word) for word in words):
        raise click.BadParameter(f'must be whole numbers like 2,4,8, got {value!r}')
    return tuple(int(word) for word in words)


def read_labels(
    context: click.Context, _: click.Parameter, value: Path | None
) -> tuple[str, ...] | None:
    """Read the name of each class."""
    return None if value is None else tuple(read_label_map(value))


def read_groups(
    context: click.Context, _: click.Parameter, value: Path | None
) -> tuple[str, ...] | None:
    """Read the group of each class."""
    if value is None:
        return None
    try:
        lines = value.read_text(encoding='utf-8-sig').splitlines()
    except UnicodeDecodeError as error:
        raise click.BadParameter(f'{value} is no UTF-8 text') from error
    groups = tuple(line.strip() for line in lines if line.strip())
    if not groups:
        raise click.BadParameter(
            f'{value} has no lines; write the group of a class each'
        )
    return groups


PARAMETERS: list[click.Parameter] = [
    click.Argument(['config'], type=FILE),
    click.Argument(['checkpoint'], type=FILE),
    click.Option(
        ['--out'],
        type=click.Path(file_okay=False, path_type=Path),
        default='work_dirs/tempo',
        help='Folder of the study.',
    ),
    click.Option(
        ['--split'],
        type=click.Choice(SPLITS),
        default=SPLITS[0],
        help="Whose videos and pipeline: CONFIG's test or val dataloader.",
    ),
    click.Option(
        ['--labels'],
        type=FILE,
        callback=read_labels,
        help='Names of the classes, one a line, or with a number beside each.  '
        '[default: those that the data set knows]',
    ),
    click.Option(
        ['--groups'],
        type=FILE,
        callback=read_groups,
        help='A line a class: what it counts as in a second accuracy of the tests. For '
        'classes that differ in tempo alone.',
    ),
    click.Option(
        ['--baseline'],
        type=click.Choice(BASELINES),
        default=BASELINES[0],
        help="What half of a curve is counted from: 0, or the curve's least value.",
    ),
    click.Option(
        ['--smooth'],
        type=click.FloatRange(min=0),
        default=0,
        help='Smooth curves with a Gaussian of so many frames (standard deviation), '
        'where the probability flickers.',
    ),
    click.Option(
        ['--unit'],
        type=click.Choice(UNITS),
        default=UNITS[0],
        help='Of widths; take seconds where frame rates differ.',
    ),
    click.Option(
        ['--model', 'models'],
        type=(str, FILE, FILE),
        multiple=True,
        metavar='NAME CONFIG CHECKPOINT',
        callback=read_models,
        help='A model to test; may be repeated. The first is the baseline of gains.',
    ),
    click.Option(
        ['--dumps'],
        type=(FILE, FILE),
        metavar='BASELINE MODEL',
        help='Predictions saved with --dump, for the gain without testing.',
    ),
    click.Option(
        ['--intervals'],
        callback=read_intervals,
        help='Sampling intervals to test with, separated by commas.  [default: a '
        'quarter to twice the trained one, as 2 to 16 are for 8]',
    ),
    click.Option(
        ['--metric'],
        default='acc/top1',
        help='What accuracy is when intervals are tested.',
    ),
    click.Option(
        ['--bin-by'],
        type=click.Choice(BINS),
        default=BINS[0],
        help='Bins of the gain: classes next to each other in variance, or equal steps '
        'of variance.',
    ),
    click.Option(
        ['--bin-size'],
        type=click.FloatRange(min=0, min_open=True),
        default=10,
        help='Classes, or variance, in a bin.',
    ),
    click.Option(
        ['--cfg-options'],
        multiple=True,
        callback=read_options,
        metavar='KEY=VALUE...',
        help='Change options of CONFIG.',
    ),
    click.Option(
        ['--device'],
        help='Where frames are classified.  [default: a GPU if there is one]',
    ),
    click.Option(
        ['--force'],
        is_flag=True,
        help='Make again what the folder holds with other settings, and leave out of '
        'its report what is not named now.',
    ),
]


@click.command(
    cls=VariadicCommand,
    help=HELP,
    params=PARAMETERS,
    context_settings={'show_default': True},
)
@click.pass_context
def tempo(
    context: click.Context, force: bool, device: str | None, **options: Any
) -> None:
    """Make the study and print its numbers."""
    only_errors(context)
    if options['models'] and options['dumps']:
        raise click.UsageError('--model and --dumps exclude each other')
    if options['bin_by'] == 'classes' and options['bin_size'] % 1:
        raise click.BadParameter(
            f'must be a whole number of classes, got {options["bin_size"]:g}',
            param_hint="'--bin-size'",
        )
    options['dumps'] = options['dumps'] or ()
    device = device or ('cuda' if torch.cuda.is_available() else 'cpu')
    study = StudyOptions(device=device, **options)
    for section in make_study(study, _shown, force=force):
        click.echo(f'{section.title}')
        for line in section.numbers:
            click.echo(f'  {line}')
        click.echo()
    click.echo(f'Report: {study.out / "report.html"}')


@contextmanager
def _shown(text: str) -> Iterator[Report]:
    """A bar on a terminal, two lines elsewhere."""
    with progress(text, lambda line: click.echo(line, err=True)) as report:
        yield report
