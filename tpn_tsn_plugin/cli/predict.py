"""``tpn-tsn predict``: what a trained model says of videos."""

import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click
import torch

from tpn_tsn_plugin.analysis.prediction.labels import ONLY, find_class_names
from tpn_tsn_plugin.analysis.prediction.model import TrainedModel
from tpn_tsn_plugin.analysis.prediction.predictor import (
    LONG_SECONDS,
    MODES,
    Predictor,
    WindowOptions,
)
from tpn_tsn_plugin.analysis.prediction.progress import progress
from tpn_tsn_plugin.analysis.prediction.report import Ranking
from tpn_tsn_plugin.analysis.prediction.run import Run, Targets
from tpn_tsn_plugin.analysis.prediction.steps import InputSteps
from tpn_tsn_plugin.analysis.trained_model import import_custom, read_config
from tpn_tsn_plugin.converters.files import read_source
from tpn_tsn_plugin.functional.optical_flow import ALGORITHMS
from tpn_tsn_plugin.output_files import require_free

from .config_files import read_options
from .quiet import only_errors
from .variadic import VariadicCommand

HELP = f"""
Predict the classes of each VIDEO with the model of CONFIG and the weights of
CHECKPOINT.

A video of up to {LONG_SECONDS:g} seconds is predicted whole, as the config's test
pipeline samples it. A longer one is cut into windows of what the model looks at, read
once, in memory that does not grow with its length; the video's scores are the mean of
its windows', or what test_consensus of the head makes of them. Optical flow is
computed from the video, for models that read it from files as well.

Labels come from --labels, from the checkpoint, or from the config's test dataset.
Labels that are not those of the checkpoint, or in another order, are refused.

Two clips:

\b
    tpn-tsn predict CONFIG CHECKPOINT a.mp4 b.mp4 --labels label_map_k400.txt

What happens when in a long video:

\b
    tpn-tsn predict CONFIG CHECKPOINT match.mp4 --window 2 --stride 1 \\
        --timeline match.png --video match_labels.mp4 --json match.json

A model of verbs and nouns:

\b
    tpn-tsn predict CONFIG CHECKPOINT kitchen.mp4 --labels verb=verbs.txt \\
        --labels noun=nouns.txt
"""
ANY = click.Path(path_type=Path)


def read_seconds(
    context: click.Context, _: click.Parameter, value: float | None
) -> float | None:
    """Check a length of time."""
    if value is not None and not (math.isfinite(value) and value > 0):
        raise click.BadParameter(f'must be seconds above 0, got {value:g}')
    return value


PARAMETERS: list[click.Parameter] = [
    click.Argument(['config'], type=ANY),
    click.Argument(['checkpoint'], type=ANY),
    click.Argument(['videos'], type=ANY, nargs=-1, required=True, metavar='VIDEO...'),
    click.Option(
        ['--labels'],
        multiple=True,
        metavar='[TASK=]FILE',
        help='Names of the classes, one a line, or with a number beside each. One file '
        'a task where the model has several.',
    ),
    click.Option(
        ['--top'], type=click.IntRange(min=1), default=5, help='Classes to show.'
    ),
    click.Option(
        ['--threshold'],
        type=click.FloatRange(0, 1),
        default=0.5,
        help='With several labels a video: show all from this probability on.',
    ),
    click.Option(['--json', 'json_file'], type=ANY, help='Save all scores.'),
    click.Option(
        ['--video', 'video_file'],
        type=ANY,
        help='Save the video (.mp4, without sound) with its labels on it. Of several '
        'videos each has its name in the file name.',
    ),
    click.Option(
        ['--timeline', 'timeline_file'],
        type=ANY,
        help='Save a picture (.png) of the scores over time. Cuts short videos too.',
    ),
    click.Option(
        ['--mode'],
        type=click.Choice(MODES),
        default='auto',
        help='Predict videos whole or in windows; auto decides by their length and the '
        'other options.',
    ),
    click.Option(
        ['--window'],
        type=float,
        callback=read_seconds,
        metavar='SECONDS',
        help="Length of a window.  [default: the clip's; a second a snippet where "
        'snippets are spread]',
    ),
    click.Option(
        ['--stride'],
        type=float,
        callback=read_seconds,
        metavar='SECONDS',
        help='From one window to the next.  [default: its length]',
    ),
    click.Option(
        ['--algorithm'],
        type=click.Choice(list(ALGORITHMS)),
        help='What the optical flow was made with that the config reads from files.  '
        '[default: what these files say]',
    ),
    click.Option(
        ['--warped'],
        is_flag=True,
        help="The camera's motion was removed from these files; with --algorithm.",
    ),
    click.Option(
        ['--device'], help='cpu, cuda, cuda:1, …  [default: a GPU if there is one]'
    ),
    click.Option(
        ['--batch'],
        type=click.IntRange(min=1),
        default=4,
        help='Windows in a forward pass.',
    ),
    click.Option(
        ['--threads'],
        type=click.IntRange(min=1),
        help="Threads of PyTorch and of decoding.  [default: PyTorch's own, and 1]",
    ),
    click.Option(
        ['--cfg-options'],
        multiple=True,
        callback=read_options,
        metavar='KEY=VALUE...',
        help='Change the config.',
    ),
    click.Option(['--force'], is_flag=True, help='Replace files that exist.'),
]


class PredictCommand(VariadicCommand):
    """Takes several ``--cfg-options`` at once, but one label map: videos may follow."""

    def _variadic(self, ctx: click.Context, arg: str) -> click.Option | None:
        return None if arg == '--labels' else super()._variadic(ctx, arg)


@click.command(
    cls=PredictCommand,
    help=HELP,
    params=PARAMETERS,
    context_settings={'show_default': True},
)
@click.pass_context
def predict(
    context: click.Context,
    config: Path,
    checkpoint: Path,
    videos: tuple[Path, ...],
    json_file: Path | None,
    video_file: Path | None,
    timeline_file: Path | None,
    threads: int | None,
    force: bool,
    **options: Any,
) -> None:
    """Predict the videos, print what came out, and save what is asked for."""
    only_errors(context)
    targets = _targets(videos, json_file, video_file, timeline_file)
    windows = _window_options(options, timeline_file)
    require_free(targets.paths, [config, checkpoint, *videos], force=force)
    if threads is not None:
        torch.set_num_threads(threads)
    read = read_config(config, options['cfg_options'])
    import_custom(read)
    steps = InputSteps(read, algorithm=options['algorithm'], warped=options['warped'])
    device = options['device'] or ('cuda' if torch.cuda.is_available() else 'cpu')
    model = TrainedModel(read, checkpoint, device)
    names = find_class_names(
        read,
        model.classes,
        _label_files(options['labels']),
        dataset_meta=read_source(checkpoint).dataset_meta,
    )
    threshold = options['threshold'] if model.multi_label else None
    run = Run(
        Predictor(model, steps, windows, threads=threads or 1),
        Ranking(names, options['top'], threshold),
        targets=targets,
        about={'config': str(config), 'checkpoint': str(checkpoint)},
        threads=threads or 1,
        say=click.echo,
        complain=partial(click.echo, err=True),
    )
    with progress(len(videos), partial(click.echo, err=True)) as advance:
        run.predict(videos, advance)
    if run.failed:
        context.exit(1)


def _targets(
    videos: Sequence[Path],
    json_file: Path | None,
    video_file: Path | None,
    timeline_file: Path | None,
) -> Targets:
    for name, path, suffix in (
        ('--video', video_file, '.mp4'),
        ('--timeline', timeline_file, '.png'),
    ):
        if path is not None and path.suffix.lower() != suffix:
            raise click.BadParameter(
                f'{path} must end in {suffix}', param_hint=f"'{name}'"
            )
    return Targets.of(videos, json_file, video_file, timeline_file)


def _window_options(options: dict[str, Any], timeline: Path | None) -> WindowOptions:
    mode = options['mode']
    if timeline is not None:
        if mode == 'whole':
            raise click.UsageError('--timeline needs windows, got --mode whole')
        mode = 'windows'
    try:
        return WindowOptions(
            mode, options['window'], options['stride'], options['batch']
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from None


def _label_files(words: Sequence[str]) -> dict[str, Path]:
    files = {}
    for word in words:
        task, equals, name = word.partition('=')
        # A path may hold an equals sign; a task's name holds no slash.
        if not equals or '/' in task or Path(word).exists():
            task, name = ONLY, word
        files[task] = Path(name)
    return files
