"""``tpn-tsn benchmark``: what configs cost, side by side."""

import json
import logging
import shlex
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import torch
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

import tpn_tsn_plugin
from tpn_tsn_plugin.analysis.benchmark.machine import describe_machine, is_busy
from tpn_tsn_plugin.analysis.benchmark.made_video import MadeVideo
from tpn_tsn_plugin.analysis.benchmark.prepare import prepare
from tpn_tsn_plugin.analysis.benchmark.report import to_dict, to_markdown
from tpn_tsn_plugin.analysis.benchmark.run import (
    Figures,
    count_steps,
    run_benchmark,
)
from tpn_tsn_plugin.analysis.benchmark.settings import (
    AMP,
    DEVICES,
    PARTS,
    VIEWS,
    Settings,
)
from tpn_tsn_plugin.output_files import require_free, write_whole

from .config_files import find_config, name_configs, read_options
from .variadic import VariadicCommand

HELP = """
Measure what configs cost: parameters and FLOPs (size), time and memory of testing and
of training (test, train), and the loading of their videos (data). CONFIG is any of this
plugin or of MMAction2; `mmaction::recognition/tpn/NAME.py` is one that came with the
package. Ratios are to the first.

Inputs have the shape that the config's own pipelines give a made-up video; none of its
data and no weights are needed. All configs of a run get the same numbers in their
inputs, and take turns, so that whatever slows the machine down slows all. A test or
training step counts the data preprocessor and the model; training also the loss, the
backward pass and the config's optimiser. Memory is what PyTorch's allocator holds at
most: weights, optimiser, batch and the step.

FLOPs: MMEngine's counter, backbone, neck and head; one multiplication with its addition
is one.

A config that cannot be built is left out; where a measurement fails, its cell says why.
The others go on, and the exit code is 1.

A pyramid beside its backbone, four videos a batch:

\b
    tpn-tsn benchmark \\
        configs/demo/slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py \\
        configs/demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py --batch 4

This plugin's beside MMAction2's:

\b
    tpn-tsn benchmark mmaction::recognition/tpn/NAME.py configs/tpn/NAME.py \\
        --labels MMAction2 plugin

Parameters and FLOPs of a folder:

\b
    tpn-tsn benchmark configs/tpn/*.py --only size

On a GPU, in half precision, into files:

\b
    tpn-tsn benchmark CONFIG CONFIG --device cuda --amp bf16 --out benchmark
"""
DEFAULTS = Settings()
Advance = Callable[[str], None]
PARAMETERS: list[click.Parameter] = [
    click.Argument(['configs'], nargs=-1, required=True, metavar='CONFIG...'),
    click.Option(
        ['--labels'],
        multiple=True,
        metavar='NAME...',
        help='What the tables call the configs, in their order.  [default: their file '
        'names]',
    ),
    click.Option(
        ['--only', 'parts'],
        type=click.Choice(PARTS),
        multiple=True,
        metavar='PART...',
        help=f'Measure some of {", ".join(PARTS)} only.',
    ),
    click.Option(
        ['--runs'],
        type=click.IntRange(min=1),
        default=DEFAULTS.runs,
        help='Counted rounds.',
    ),
    click.Option(
        ['--warmup'],
        type=click.IntRange(min=1),
        default=DEFAULTS.warmup,
        help='Rounds before them.',
    ),
    click.Option(
        ['--batch'],
        type=click.IntRange(min=1),
        help="Videos in a batch.  [default: as each config's data loaders say]",
    ),
    click.Option(
        ['--views'],
        type=click.Choice(VIEWS),
        default=DEFAULTS.views,
        help='Test one view of a video, or all as the test pipeline cuts them.',
    ),
    click.Option(
        ['--device'],
        type=click.Choice(DEVICES),
        default=DEFAULTS.device,
        help='Where models run.',
    ),
    click.Option(
        ['--threads'],
        type=click.IntRange(min=1),
        help="PyTorch's threads on the CPU.  [default: PyTorch's own]",
    ),
    click.Option(
        ['--amp'], type=click.Choice(list(AMP)), help='Mixed precision of this kind.'
    ),
    click.Option(
        ['--compile', 'compiled'],
        is_flag=True,
        help='Compile the models with torch.compile; give a larger --warmup.',
    ),
    click.Option(
        ['--cfg-options'],
        callback=read_options,
        multiple=True,
        metavar='KEY=VALUE...',
        help='Change options of all configs.',
    ),
    click.Option(
        ['--out'],
        type=click.Path(path_type=Path),
        help='Save every measurement to this .json file, or all with the tables to '
        'this folder (benchmark.json, benchmark.md).',
    ),
    click.Option(['--force'], is_flag=True, help='Write over what is there.'),
]


@click.command(
    cls=VariadicCommand,
    help=HELP,
    params=PARAMETERS,
    context_settings={'show_default': True},
)
@click.pass_context
def benchmark(
    context: click.Context,
    configs: tuple[str, ...],
    labels: tuple[str, ...],
    parts: tuple[str, ...],
    threads: int | None,
    cfg_options: tuple[str, ...],
    out: Path | None,
    force: bool,
    **options: Any,
) -> None:
    """Measure the configs, print the tables and save the figures."""
    found = [find_config(config) for config in configs]
    paths = dict(zip(name_configs(found, labels), found, strict=True))
    files = _files(out)
    require_free(files, found, force=force)
    if files:
        # After hours of measuring would be too late to find out that it cannot be.
        files[0].parent.mkdir(parents=True, exist_ok=True)
    ordered = tuple(part for part in PARTS if part in (parts or PARTS))
    settings = Settings(parts=ordered, **options)
    if threads is not None:
        torch.set_num_threads(threads)
    machine = describe_machine(settings.device, tpn_tsn_plugin.__version__)
    if is_busy(machine) and ordered != ('size',):
        click.echo(
            f'The load of this machine is {machine["load_before"]} on '
            f'{machine["cores"]} cores: other programs will lengthen the times.',
            err=True,
        )
    with tempfile.TemporaryDirectory() as folder:
        video = MadeVideo(Path(folder))
        figures, refused = _run(paths, cfg_options, settings, video)
    text = to_markdown(figures, settings, machine)
    command = shlex.join(['tpn-tsn', *sys.argv[1:]])
    content = to_dict(figures, settings, machine, command)
    for path, written in zip(files, (json.dumps(content, indent=1), text)):
        write_whole(path, f'{written}\n')
    click.echo(text)
    for name, why in refused.items():
        click.echo(f'{name} was left out: {why}', err=True)
    if _tell_failures(figures) or refused:
        context.exit(1)


def _files(out: Path | None) -> list[Path]:
    """The JSON file, and for a folder the Markdown file."""
    if out is None:
        return []
    alone = out.suffix == '.json'
    return [out] if alone else [out / 'benchmark.json', out / 'benchmark.md']


def _run(
    paths: dict[str, Path],
    cfg_options: Sequence[str],
    settings: Settings,
    video: MadeVideo,
) -> tuple[list[Figures], dict[str, str]]:
    """Figures of the configs, and why others cannot be measured at all."""
    total = len(paths) + count_steps(len(paths), settings)
    with _bar(total) as advance, _quiet_logs():
        prepared, refused = prepare(paths, cfg_options, settings, video, advance)
        return run_benchmark(prepared, settings, advance), refused


@contextmanager
def _quiet_logs() -> Iterator[None]:
    """What models say when they are built is not asked for here."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(before)


@contextmanager
def _bar(total: int) -> Iterator[Advance]:
    """A bar that says what is being done, on terminals only."""
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn())
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    ) as bar:
        task = bar.add_task('', total=total)

        def advance(text: str) -> None:
            bar.update(task, advance=1, description=text[:60])

        yield advance


def _tell_failures(figures: Sequence[Figures]) -> bool:
    failed = False
    for entry in figures:
        for what, why in entry.failures.items():
            click.echo(f'Failed: {entry.candidate.name}, {what}: {why}', err=True)
            failed = True
    return failed
