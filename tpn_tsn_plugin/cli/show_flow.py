"""``tpn-tsn show-flow``: pictures of a video's optical flow."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click
from rich.console import Console
from rich.progress import track

from tpn_tsn_plugin.datasets.extraction.pictures import (
    Shown,
    Title,
    colour_scale,
    draw_side_by_side,
    draw_strip,
)
from tpn_tsn_plugin.datasets.extraction.show import ShownVideo
from tpn_tsn_plugin.datasets.tempo_demo.sheet import save_sheet
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.functional.optical_flow import ALGORITHMS

HELP = """
Show the optical flow of VIDEO in colours, beside it that without the motion of the
camera ("warped flow"), and a legend. Writes a picture with frames from all over the
video, or, if the file to write ends in .mp4, a video of neighbouring frames.

A picture of six frames, VIDEO's name with _flow.png:

\b
    tpn-tsn show-flow clip.mp4

Four seconds from the tenth on, as a video:

\b
    tpn-tsn show-flow clip.mp4 --out motion.mp4 --start 10 --frames 100
"""
IN_PICTURE, IN_VIDEO = 6, 100
SUFFIXES = ('.png', '.mp4')
# Width of a frame in a picture and in a video.
PICTURE_TILE, VIDEO_TILE = 256, 320
# How many fields, from all over it, tell the scale of a video.
SCALE_FROM = 8


@click.command(help=HELP, context_settings={'show_default': True})
@click.argument('video', type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    '--out',
    type=click.Path(dir_okay=False, path_type=Path),
    help='Picture (.png) or video (.mp4) to write.  [default: VIDEO_flow.png, in the '
    'current folder]',
)
@click.option(
    '--algorithm',
    type=click.Choice(list(ALGORITHMS)),
    default='dis',
    help='What computes the optical flow.',
)
@click.option(
    '--frames',
    type=click.IntRange(1, 2000),
    help=f'Number of frames.  [default: {IN_PICTURE} in a picture, {IN_VIDEO} in a '
    'video]',
)
@click.option(
    '--start',
    type=click.FloatRange(min=0),
    default=0.0,
    help='Second from which a video is made.',
)
def show_flow(
    video: Path, out: Path | None, algorithm: str, frames: int | None, start: float
) -> None:
    """Write the picture or video and say where it is."""
    out = out or Path(f'{video.stem}_flow.png')
    if out.suffix.lower() not in SUFFIXES:
        raise click.BadParameter(
            f'{out} must end in one of {", ".join(SUFFIXES)}', param_hint="'--out'"
        )
    picture = out.suffix.lower() == '.png'
    if picture and start:
        raise click.BadParameter(
            'a picture shows frames from all over the video; name a video (.mp4) by '
            '--out, or leave --start out',
            param_hint="'--start'",
        )
    source = ShownVideo(video, algorithm)
    width, height = source.size
    title = Title(video.name, f'{algorithm}, {width} x {height}, {source.fps:.4g} fps')
    out.parent.mkdir(parents=True, exist_ok=True)
    if picture:
        shown = list(_tracked(source, source.spread(frames or IN_PICTURE)))
        scale = colour_scale([item.field for item in shown])
        save_sheet(out, draw_strip(shown, scale, title, PICTURE_TILE))
        count = len(shown)
    else:
        sample = source.compute(source.spread(SCALE_FROM))
        scale = colour_scale([item.field for item in sample])
        indices = source.following(frames or IN_VIDEO, start)
        pictures = (
            draw_side_by_side(item, scale, title, VIDEO_TILE)
            for item in _tracked(source, indices)
        )
        count = write_video(out, pictures, max(1, round(source.fps)))
    click.echo(f'{out}: {count} frames of {video}, colours up to {scale:g} pixels')


def _tracked(source: ShownVideo, indices: Sequence[int]) -> Iterator[Shown]:
    """Compute what is shown, with a bar on a terminal."""
    yield from track(
        source.compute(indices),
        'Optical flow',
        len(indices),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    )
