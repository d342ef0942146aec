"""``tpn-tsn annotations``: list files from a data set's own split files."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import click

from tpn_tsn_plugin.datasets.annotations import READERS, AnnotationLists, VideoList
from tpn_tsn_plugin.datasets.annotations.list_files import ListFile, make_list_files
from tpn_tsn_plugin.datasets.video_files import some_of
from tpn_tsn_plugin.errors import MissingVideoError

MISSING_FILE = 'missing.txt'
EXAMPLE = """
Lists of UCF101, of the videos that are in data/ucf101/videos:

\b
    tpn-tsn annotations ucf101 ucfTrainTestlist --videos data/ucf101/videos

Lists of frame folders, with the number of frames in each:

\b
    tpn-tsn annotations sthv1 annotations --rawframes data/sthv1/rawframes
"""
FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command(
    help="Write MMAction2's list files from a data set's own split files, which are in "
    'the folder ANNOTATIONS (or are that file, for activitynet). Class indices start '
    'from 0. What does not exist below --videos or --rawframes is left out, counted, '
    f'and written to {MISSING_FILE}.\n\n'
    f'DATASET is one of {", ".join(READERS)}.\n\n'
    'activitynet and thumos14 give lists with several labels a video '
    '(multi_class=True), epic lists of parts of frame folders (with_offset=True), for '
    'verbs and for nouns. ActivityNetVideoDataset, Thumos14Dataset and '
    'EpicKitchensDataset read the split files themselves.\n' + EXAMPLE,
)
@click.argument('dataset', type=click.Choice(list(READERS)), metavar='DATASET')
@click.argument('annotations', type=click.Path(exists=True, path_type=Path))
@click.option(
    '--videos', type=FOLDER, help='Folder of the videos; lists are relative to it.'
)
@click.option(
    '--rawframes', type=FOLDER, help='Folder of the folders of frames, to list these.'
)
@click.option(
    '--out',
    type=click.Path(file_okay=False, path_type=Path),
    help='Where the lists go.  [default: data/DATASET]',
)
@click.option(
    '--strict', is_flag=True, help='Fail, and write no list, if anything is missing.'
)
def annotations(
    dataset: str,
    annotations: Path,
    videos: Path | None,
    rawframes: Path | None,
    out: Path | None,
    strict: bool,
) -> None:
    """Read the split files, look for the videos, and write the lists."""
    out = out or Path('data') / dataset
    content = READERS[dataset](annotations)
    with _progress(content.lists, videos or rawframes) as advance:
        files = make_list_files(content.lists, videos, rawframes, advance)
    missing = {path: why for file in files for path, why in file.missing.items()}
    if missing and not any(file.lines for file in files):
        raise MissingVideoError(
            f'nothing of {dataset} is there: {_describe(missing)}; check --videos and '
            '--rawframes'
        )
    _write(out / MISSING_FILE, sorted(missing))
    if missing and strict:
        raise MissingVideoError(
            f'{_describe(missing)}; all are in {out / MISSING_FILE}, no list is written'
        )
    _write_all(out, content, files)
    if missing:
        click.echo(
            f'Warning: {_describe(missing)}; left out of the lists, all are in '
            f'{out / MISSING_FILE}',
            err=True,
        )


def _describe(missing: dict[str, str]) -> str:
    return (
        f'{len(missing)} videos or frame folders are missing: '
        f'{some_of(list(missing))} ({next(iter(missing.values()))})'
    )


@contextmanager
def _progress(
    lists: list[VideoList], root: Path | None
) -> Iterator[Callable[[int], None]]:
    """Show a bar on the standard error, if anything is looked for."""
    if root is None:
        yield lambda _: None
        return
    with click.progressbar(
        length=sum(len(video_list.entries) for video_list in lists),
        label=f'Looking below {root}',
        file=sys.stderr,
    ) as bar:
        yield bar.update


def _write_all(out: Path, content: AnnotationLists, files: list[ListFile]) -> None:
    """Write all lists and say which."""
    click.echo(f'Written to {out}:')
    for file in files:
        if file.name:
            _write(out / file.name, file.lines)
            click.echo(f'  {file.name}: {len(file.lines)} lines')
    for name, classes in content.classes.items():
        _write(out / name, classes)
        click.echo(f'  {name}: {len(classes)} classes')
    for note in chain(content.notes, *(file.notes for file in files)):
        click.echo(f'Note: {note}', err=True)


def _write(path: Path, lines: list[str]) -> None:
    """Write a file whole or not at all; without lines, remove an old one."""
    if not lines:
        path.unlink(missing_ok=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f'.{path.name}.part')
    part.write_text(''.join(f'{line}\n' for line in lines), encoding='utf-8')
    part.replace(path)
