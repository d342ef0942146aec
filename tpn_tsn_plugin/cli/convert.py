"""``tpn-tsn convert``: bring another project's checkpoint to a config's model."""

import json
from pathlib import Path
from typing import Any

import click

from tpn_tsn_plugin import __version__
from tpn_tsn_plugin.analysis.trained_model import build_model, read_config
from tpn_tsn_plugin.converters.conversion import Conversion, convert
from tpn_tsn_plugin.converters.files import read_source, write_checkpoint
from tpn_tsn_plugin.converters.formats import FORMATS, recognise
from tpn_tsn_plugin.converters.report import faults, summary, to_dict, to_text
from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.output_files import require_free, write_whole

from .config_files import read_options
from .quiet import only_errors
from .variadic import VariadicCommand

HELP = f"""
Bring the weights of CHECKPOINT to the model of CONFIG, and write them to OUT, a
checkpoint that `mim test`, load_from and all commands here take.

Formats, recognised from the keys:

\b
{chr(10).join(f'    {f.name:13} {f.what}' for f in FORMATS.values())}

Every weight of the model must come from the checkpoint, every key of the checkpoint
must be used or known to be of no use, and both must compute the same. Otherwise nothing
is written; with --partial, what fits is, as a start of training (load_from=OUT).

What the TPN authors released fits configs/tpn/tpn-slowonly-released* (Kinetics) and
tpn-tsm-official* (Something-Something), whose backbone shifts as theirs does:

\b
    tpn-tsn convert r50f8s8.pth CONFIG released.pth

ImageNet weights as the start of a backbone, with all keys in a file:

\b
    tpn-tsn convert resnet50-0676ba61.pth CONFIG start.pth \\
        --partial --report keys.txt
"""
EXISTING = click.Path(exists=True, dir_okay=False, path_type=Path)
TARGET = click.Path(dir_okay=False, path_type=Path)
PARAMETERS: list[click.Parameter] = [
    click.Argument(['checkpoint'], type=EXISTING),
    click.Argument(['config_file'], type=EXISTING, metavar='CONFIG'),
    click.Argument(['out'], type=TARGET),
    click.Option(
        ['--from', 'source_format'],
        type=click.Choice(list(FORMATS)),
        help="The checkpoint's format.  [default: recognised from its keys]",
    ),
    click.Option(
        ['--partial'],
        is_flag=True,
        help='Write what fits, although weights are missing, unknown or of another '
        'shape, or the model computes something else.',
    ),
    click.Option(
        ['--report', 'report_file'],
        type=TARGET,
        help='Write what became of each key, as text, or as JSON if the name ends in '
        '.json; also where the conversion is refused.',
    ),
    click.Option(['--force'], is_flag=True, help='Overwrite files that exist.'),
    click.Option(
        ['--cfg-options', 'options'],
        callback=read_options,
        multiple=True,
        metavar='KEY=VALUE...',
        help='Change the config, as in --cfg-options model.cls_head.num_classes=51.',
    ),
]


@click.command(cls=VariadicCommand, help=HELP, params=PARAMETERS)
@click.pass_context
def convert_checkpoint(
    context: click.Context,
    checkpoint: Path,
    config_file: Path,
    out: Path,
    source_format: str | None,
    partial: bool,
    report_file: Path | None,
    force: bool,
    options: tuple[str, ...],
) -> None:
    """Convert the checkpoint and say what became of its keys."""
    only_errors(context)
    targets = [out] if report_file is None else [out, report_file]
    require_free(targets, [checkpoint, config_file], force=force)
    source = read_source(checkpoint)
    kind = (
        FORMATS[source_format]
        if source_format
        else recognise(source.weights, str(checkpoint))
    )
    model = build_model(read_config(config_file, options))
    conversion = convert(source.weights, model, kind, filename=str(checkpoint))
    if report_file is not None:
        _write_report(report_file, conversion)
    _require_fit(conversion, checkpoint, config_file, partial)
    write_checkpoint(out, conversion.weights, source, _meta(conversion, config_file))
    for line in summary(conversion):
        click.echo(line)
    click.echo(f'Wrote {out}' + ('' if conversion.is_complete else ', a partial one'))


def _write_report(path: Path, conversion: Conversion) -> None:
    """Write every key, as the file's name asks for."""
    is_json = path.suffix.lower() == '.json'
    text = (
        json.dumps(to_dict(conversion), indent=2) + '\n'
        if is_json
        else to_text(conversion)
    )
    write_whole(path, text)


def _require_fit(
    conversion: Conversion, checkpoint: Path, config_file: Path, partial: bool
) -> None:
    found = '; '.join(faults(conversion))
    if not conversion.mapped:
        raise CheckpointError(
            f'no weight of {checkpoint}, read as {conversion.source_format}, fits the '
            f'model of {config_file}: {found}'
        )
    if not conversion.is_complete and not partial:
        raise CheckpointError(
            f'{checkpoint}, read as {conversion.source_format}, and the model of '
            f'{config_file} differ: {found}; give the config of its model, or write '
            'what fits with --partial (--report lists all keys)'
        )


def _meta(conversion: Conversion, config_file: Path) -> dict[str, Any]:
    return dict(
        source_format=conversion.source_format,
        config=config_file.name,
        partial=not conversion.is_complete,
        tpn_tsn_plugin_version=__version__,
    )
