"""``tpn-tsn fuse-scores``: fuse the saved predictions of several streams."""

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import click
from rich.console import Console
from rich.progress import Progress

from tpn_tsn_plugin.analysis.scores.comparison import (
    Prepared,
    compare,
    prepare,
    search,
)
from tpn_tsn_plugin.analysis.scores.files import (
    join_score_files,
    read_score_file,
    write_score_file,
)
from tpn_tsn_plugin.analysis.scores.report import (
    search_to_dict,
    search_to_text,
    to_dict,
    to_markdown,
)
from tpn_tsn_plugin.analysis.scores.unpickler import OpenFile
from tpn_tsn_plugin.errors import ScoreFileError
from tpn_tsn_plugin.functional.score_fusion import ACTIVATIONS, check_weights
from tpn_tsn_plugin.functional.weight_search import SEARCH_METRICS

from .variadic import VariadicCommand

HELP = """
Fuse the predictions of several streams (RGB, optical flow, sound, …), which MMAction2's
--dump has saved, and print what each is worth alone and what all are together.

Predictions are joined by the name of their video, never by their order. The plugin's
datasets give it (CheckedVideoDataset, CheckedRawframeDataset in place of MMAction2's);
MMAction2's own do with PackActionInputs(meta_keys=('filename',)), or 'frame_dir' for
frames, 'audio_path' for sound.

A dump holds what average_clips of the head says: probabilities, averaged over clips
and crops ('prob', the usual), or scores ('score'); the table names it. Before softmax,
where TSN fuses, the logarithm of a probability stands for the score. For one clip and
crop it differs by a constant, which has no effect.

Dump the predictions of each stream, then fuse them with TSN's weights:

\b
    mim test mmaction RGB_CONFIG --checkpoint rgb.pth --dump rgb.pkl
    mim test mmaction FLOW_CONFIG --checkpoint flow.pth --dump flow.pkl
    tpn-tsn fuse-scores rgb.pkl flow.pkl --weights 1 1.5 --out fused.pkl

Three streams, with the weights that do best on validation videos:

\b
    tpn-tsn fuse-scores rgb.pkl flow.pkl audio.pkl \\
        --search val/rgb.pkl val/flow.pkl val/audio.pkl
"""
DUMP = click.Path(exists=True, dir_okay=False, path_type=Path)
TARGET = click.Path(dir_okay=False, path_type=Path)
PARAMETERS: list[click.Parameter] = [
    click.Argument(['dumps'], type=DUMP, nargs=-1, required=True, metavar='DUMP...'),
    click.Option(
        ['--weights'],
        type=click.FLOAT,
        multiple=True,
        metavar='W...',
        help='Weight of each stream, in their order. TSN: RGB 1, optical flow 1.5; RGB '
        '1, optical flow 1, warped optical flow 0.5.  [default: all 1]',
    ),
    click.Option(
        ['--search', 'validation'],
        type=DUMP,
        multiple=True,
        metavar='DUMP...',
        help='Search the weights on these dumps of the same streams, in their order, '
        'for validation videos. Comes after the dumps that are fused.',
    ),
    click.Option(
        ['--metric'],
        type=click.Choice(list(SEARCH_METRICS)),
        help='What --search makes as high as it can.  [default: top1, with several '
        'labels a video mean_average_precision]',
    ),
    click.Option(
        ['--before-softmax/--after-softmax'],
        default=True,
        help='Fuse scores (weighted mean, then softmax) or probabilities (weighted '
        'mean). Where the model ends in a sigmoid, it takes the place of softmax.  '
        '[default: before]',
    ),
    click.Option(
        ['--activation'],
        type=click.Choice(ACTIVATIONS),
        help='What makes probabilities of scores. Needed only for scores of videos '
        'with several labels.',
    ),
    click.Option(
        ['--task'],
        metavar='NAME',
        help='Which prediction to fuse where a video has several (verb, noun).',
    ),
    click.Option(
        ['--intersect'],
        is_flag=True,
        help='Fuse the videos that all dumps have, instead of refusing others.',
    ),
    click.Option(
        ['--ann-file', 'lists'],
        type=(DUMP, DUMP),
        multiple=True,
        metavar='DUMP LIST',
        help='Take the names for this dump from the list that was tested, in its '
        'order, if all labels agree. May be repeated.',
    ),
    click.Option(
        ['--out'], type=TARGET, help='Save the fused probabilities like a dump (.pkl).'
    ),
    click.Option(
        ['--json', 'json_file'], type=TARGET, help='Save the weights and the results.'
    ),
]


@click.command(cls=VariadicCommand, help=HELP, params=PARAMETERS)
def fuse_scores(
    dumps: tuple[Path, ...],
    weights: tuple[float, ...],
    validation: tuple[Path, ...],
    metric: str | None,
    lists: tuple[tuple[Path, Path], ...],
    out: Path | None,
    json_file: Path | None,
    **options: Any,
) -> None:
    """Fuse the dumps and print the comparison."""
    _check_use(dumps, weights, validation, metric, out)
    ann_files = _match_lists(lists, (*dumps, *validation))
    test = _load(dumps, ann_files, **options)
    if test.joined.labels is None and out is None:
        raise ScoreFileError(
            f'{dumps[0]} has no labels, so there is nothing to measure; save the '
            'fusion with --out'
        )
    searched: dict[str, Any] | None = None
    if validation:
        held_out = _load(validation, ann_files, **options)
        with _searching() as progress:
            found = search(held_out, test.joined, metric=metric, progress=progress)
        weights = found.weights
        there = compare(held_out, weights)
        searched = search_to_dict(held_out, there, found)
        click.echo(f'{search_to_text(held_out, there, found)}\n')
    result = compare(test, weights or (1.0,) * len(dumps))
    click.echo(to_markdown(test, result))
    if out is not None:
        joined = test.joined
        write_score_file(out, joined.samples, result.probabilities, joined.labels)
        click.echo(
            f'\nSaved {out}. In a further fusion its weight is '
            f'{sum(result.weights):g}, the sum of those in it.'
        )
    if json_file is not None:
        report = {**to_dict(test, result), 'search': searched}
        json_file.parent.mkdir(parents=True, exist_ok=True)
        json_file.write_text(json.dumps(report, indent=1) + '\n')


def _check_use(
    dumps: Sequence[Path],
    weights: Sequence[float],
    validation: Sequence[Path],
    metric: str | None,
    out: Path | None,
) -> None:
    """Refuse what cannot be meant, before anything is read."""
    if validation and weights:
        raise click.UsageError('--weights and --search exclude each other')
    if metric is not None and not validation:
        raise click.UsageError('--metric needs --search')
    if validation and len(validation) != len(dumps):
        raise click.UsageError(
            f'--search needs a validation dump for each of the {len(dumps)} streams, '
            f'in their order, got {len(validation)}'
        )
    if validation and len(dumps) == 1:
        raise click.UsageError('--search needs two streams or more')
    if weights:
        try:
            check_weights(weights, len(dumps))
        except ValueError as error:
            raise click.UsageError(str(error)) from None
    if out is not None and out.suffix not in ('.pkl', '.pickle'):
        raise click.UsageError(f'--out must end in .pkl or .pickle, got {out}')
    sources = [path.resolve() for path in (*dumps, *validation)]
    if out is not None and out.resolve() in sources:
        raise click.UsageError(f'--out would overwrite {out}, which is to be fused')


def _match_lists(
    lists: Sequence[tuple[Path, Path]], dumps: Sequence[Path]
) -> dict[Path, Path]:
    """Annotation lists by the dump whose samples they name."""
    known = {path.resolve() for path in dumps}
    for dump, _ in lists:
        if dump.resolve() not in known:
            raise click.UsageError(f'--ann-file: {dump} is not among the dumps')
    return {dump.resolve(): ann_file for dump, ann_file in lists}


def _load(
    paths: Sequence[Path],
    ann_files: Mapping[Path, Path],
    *,
    task: str | None,
    intersect: bool,
    before_softmax: bool,
    activation: str | None,
) -> Prepared:
    files = []
    for path in paths:
        with _reading(path) as open_file:
            ann_file = ann_files.get(path.resolve())
            file = read_score_file(path, ann_file, task=task, open_file=open_file)
        files.append(file)
    joined = join_score_files(files, intersect=intersect)
    prepared = prepare(joined, before_softmax=before_softmax, activation=activation)
    for path, left_out in zip(joined.paths, joined.left_out, strict=True):
        if left_out:
            click.echo(
                f'{path}: left out {left_out} samples that others lack', err=True
            )
    for note in prepared.notes:
        click.echo(note, err=True)
    return prepared


@contextmanager
def _bar(**options: Any) -> Iterator[Progress]:
    """A bar that is there while it is needed, and on terminals only."""
    shown = Console(stderr=True)
    with Progress(
        console=shown, transient=True, disable=not sys.stderr.isatty(), **options
    ) as bar:
        yield bar


@contextmanager
def _reading(path: Path) -> Iterator[OpenFile]:
    with _bar() as bar:

        def open_file(path: Path) -> BinaryIO:
            return bar.open(path, 'rb', description=f'reading {path.name}')

        yield open_file


@contextmanager
def _searching() -> Iterator[Callable[[int, int], None]]:
    with _bar() as bar:
        task = bar.add_task('searching weights', total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
