"""``tpn-tsn export``: a trained model as an ONNX file."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
import numpy as np
from mmengine.config import Config
from rich.console import Console

import tpn_tsn_plugin
from tpn_tsn_plugin.analysis.benchmark.made_video import MadeVideo
from tpn_tsn_plugin.analysis.benchmark.pipelines import Pipeline
from tpn_tsn_plugin.analysis.prediction.labels import ONLY, find_class_names
from tpn_tsn_plugin.analysis.prediction.reader import stream
from tpn_tsn_plugin.analysis.prediction.steps import InputSteps
from tpn_tsn_plugin.analysis.prediction.windows import Window
from tpn_tsn_plugin.analysis.trained_model import import_custom, load_model, read_config
from tpn_tsn_plugin.converters.files import read_source
from tpn_tsn_plugin.converters.onnx.comparison import (
    TOLERANCE,
    Difference,
    Graph,
    compare,
    noise_trials,
    predict,
    require_shapes,
    video_trials,
)
from tpn_tsn_plugin.converters.onnx.dependencies import require_packages
from tpn_tsn_plugin.converters.onnx.export import OPSET, write_graph
from tpn_tsn_plugin.converters.onnx.inputs import (
    GraphInput,
    inputs_of,
    random_batch,
    told_segments,
)
from tpn_tsn_plugin.converters.onnx.metadata import describe_graph, describe_source
from tpn_tsn_plugin.converters.onnx.sampling import find_test_dataset, fix_segments
from tpn_tsn_plugin.converters.onnx.scoring import VideoScores
from tpn_tsn_plugin.datasets.sequential_video import SequentialVideo
from tpn_tsn_plugin.output_files import require_free, written_whole

from .config_files import read_options
from .quiet import only_errors
from .variadic import VariadicCommand

SUFFIX = '.onnx'
HELP = f"""
Write the model of CONFIG with the weights of CHECKPOINT as the ONNX file OUT (opset
{OPSET}), for programs without PyTorch and MMAction2.

The graph takes what the config's test pipeline makes of videos, as 32-bit floats from
0 to 255: imgs of (videos, frames, channels, height, width) for segments, all of a view
after another, or (videos, views, channels, time, height, width) for clips, and
flow_imgs beside it for two streams. Any number of videos and of views (crops times
clips) will do. Mean and standard deviation are in the graph, and so is the end: scores
of (videos, classes) are what MMAction2's testing gives, probabilities averaged over
views unless average_clips of the head says otherwise. The file's metadata hold the
names of the classes, the inputs, the test pipeline and where the weights come from.

onnxruntime and PyTorch then run noise in batches of 1, 2 and 3 videos, and the videos
of --verify through the test pipeline. Where a score differs by more than {TOLERANCE:g}
nothing is kept.

\b
    tpn-tsn export CONFIG CHECKPOINT model.onnx --verify a.mp4 b.mp4

Eight snippets a view, whatever the test pipeline samples:

\b
    tpn-tsn export CONFIG CHECKPOINT model.onnx --segments 8

Needs the extra onnx: pip install 'tpn-tsn-plugin[onnx]'.
"""
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
PARAMETERS: list[click.Parameter] = [
    click.Argument(['config_file'], type=EXISTING, metavar='CONFIG'),
    click.Argument(['checkpoint'], type=EXISTING),
    click.Argument(['out'], type=click.Path(path_type=Path)),
    click.Option(
        ['--verify', 'videos'],
        type=EXISTING,
        multiple=True,
        metavar='VIDEO...',
        help='Compare the scores of these videos too. The first one decides on height '
        'and width where the test pipeline has no crop.',
    ),
    click.Option(
        ['--segments'],
        type=click.IntRange(min=1),
        metavar='K',
        help="Snippets of a view.  [default: the test pipeline's num_clips]",
    ),
    click.Option(
        ['--cfg-options', 'options'],
        callback=read_options,
        multiple=True,
        metavar='KEY=VALUE...',
        help='Change the config. A file with the names of the classes, where the '
        'checkpoint has none: test_dataloader.dataset.metainfo.classes=FILE.',
    ),
    click.Option(['--force'], is_flag=True, help='Overwrite OUT if it exists.'),
]


@click.command(cls=VariadicCommand, help=HELP, params=PARAMETERS)
@click.pass_context
def export(
    context: click.Context,
    config_file: Path,
    checkpoint: Path,
    out: Path,
    videos: tuple[Path, ...],
    segments: int | None,
    options: tuple[str, ...],
    force: bool,
) -> None:
    """Write the graph, compare it with the model, and say what it takes and gives."""
    only_errors(context)
    if out.suffix.lower() != SUFFIX:
        raise ValueError(f'OUT must end in {SUFFIX}, got {out}')
    require_free([out], [config_file, checkpoint, *videos], force=force)
    require_packages()
    with _saying() as say:
        say('loading')
        config = _read(config_file, options, segments)
        model = load_model(config, checkpoint)
        samples = {str(path): _sample_of(config, path) for path in videos}
        first = next(iter(samples.values()), None) or _made_sample(config)
        inputs = inputs_of(first, model)
        require_shapes(samples, inputs)
        if segments is not None and all(own.is_clip for own in inputs.values()):
            raise ValueError(
                '--segments is for models of single frames; this one takes clips, of '
                'which any number will do'
            )
        told = told_segments(first)
        scores = VideoScores(model, told)
        # What the model itself does not take is better said by the model.
        predict(model, random_batch(inputs, videos=1, views=1), told)
        metadata = _metadata(config, checkpoint, scores, inputs)
        with written_whole(out) as part:
            say('tracing')
            write_graph(scores, inputs, part, metadata)
            graph = Graph(part)
            differences = []
            for trial in chain(noise_trials(inputs), video_trials(samples, inputs)):
                say(f'comparing {trial.name}')
                differences.append(compare(graph, model, trial, told))
    click.echo(_report(out, scores, inputs, graph, differences))


def _read(path: Path, options: tuple[str, ...], segments: int | None) -> Config:
    """The config with the test pipeline that the graph's inputs come from."""
    config = read_config(path, options)
    import_custom(config)
    # Parts of a video one after the other: for the memory's sake, and for one video.
    (config.model.get('test_cfg') or {}).pop('max_testing_views', None)
    dataset = find_test_dataset(config)
    dataset['pipeline'] = fix_segments(dataset['pipeline'], segments)
    return config


def _sample_of(config: Config, path: Path) -> dict[str, Any]:
    """What the test pipeline makes of a video."""
    steps = InputSteps(config)
    video = SequentialVideo(path)
    whole = Window(0.0, video.duration, np.arange(len(video)))
    sampled = steps.sample(video, whole, steps.whole)
    ((_, frames),) = stream(video, [sampled])
    return steps.make(sampled, frames)


def _made_sample(config: Config) -> dict[str, Any]:
    """What the test pipeline makes of a video that shows nothing."""
    with TemporaryDirectory() as folder:
        sample = Pipeline(config, 'test', MadeVideo(Path(folder))).run()
    return dict(inputs=sample.inputs, data_samples=sample.data_sample)


def _metadata(
    config: Config,
    checkpoint: Path,
    scores: VideoScores,
    inputs: Mapping[str, GraphInput],
) -> dict[str, str]:
    source = read_source(checkpoint)
    counts = {task or ONLY: number for task, number in scores.classes.items()}
    names = find_class_names(config, counts, {}, dataset_meta=source.dataset_meta)
    version, file = tpn_tsn_plugin.__version__, Path(config.filename)
    return {
        **describe_graph(scores, inputs, find_test_dataset(config)['pipeline'], names),
        **describe_source(version, file, checkpoint, source.sha256),
    }


def _report(
    out: Path,
    scores: VideoScores,
    inputs: Mapping[str, GraphInput],
    graph: Graph,
    differences: Iterable[Difference],
) -> str:
    lines = [f'{out}: {out.stat().st_size / 1e6:.1f} MB, opset {OPSET}']
    lines += [f'  takes {name} {_shape(own.shape)}' for name, own in inputs.items()]
    lines += [
        f'  gives {name} {_shape(("videos", number))}: {scores.meaning}'
        for name, number in zip(scores.output_names, scores.classes.values())
    ]
    lines += [
        '',
        f'| {graph.runtime} against PyTorch | inputs | largest difference |',
        '|---|---|---:|',
        *(
            f'| {d.trial.name} | {d.trial.shape} | {d.largest:.1e} |'
            for d in differences
        ),
    ]
    return '\n'.join(lines)


def _shape(sizes: Iterable[object]) -> str:
    return f'({", ".join(map(str, sizes))})'


@contextmanager
def _saying() -> Iterator[Any]:
    """What is being done, on terminals only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status('') as status:
        yield lambda text: status.update(f'{text} …')
