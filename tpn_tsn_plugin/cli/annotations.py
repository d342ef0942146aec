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
from tpn_tsn_plugin.output_files import write_whole

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
    'from 0. What cannot be used below --videos or --rawframes is left out, counted, '
    f'and written to {MISSING_FILE}, with the reason. A list that would have no line '
    'is not written.\n\n'
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
    report = _report(files)
    if report and not any(file.lines for file in files):
        raise MissingVideoError(
            f'nothing of {dataset} is there: {_describe(files)}; check --videos and '
            '--rawframes'
        )
    if report:
        _write(out / MISSING_FILE, report)
    else:
        (out / MISSING_FILE).unlink(missing_ok=True)
    if report and strict:
        raise MissingVideoError(
            f'{_describe(files)}; all are in {out / MISSING_FILE}, no list is written'
        )
    _write_all(out, content, files)
    if report:
        # Lists of actions are written without their videos.
        listed = any(file.name and (file.missing or file.actions) for file in files)
        what = 'left out of the lists' if listed else 'the lists name them all the same'
        click.echo(
            f'Warning: {_describe(files)}; {what}, all are in {out / MISSING_FILE}',
            err=True,
        )


def _report(files: list[ListFile]) -> list[str]:
    """Lines of path and reason, one a video or folder, and one an action beyond it."""
    missing = _missing(files)
    actions = [place for place in _actions(files).values() if place[0] not in missing]
    return ['\t'.join(place) for place in sorted([*missing.items(), *actions])]


def _missing(files: list[ListFile]) -> dict[str, str]:
    return {path: why for file in files for path, why in file.missing.items()}


def _actions(files: list[ListFile]) -> dict[str, tuple[str, str]]:
    """Actions that are left out, once each, be it from several lists."""
    return {name: place for file in files for name, place in file.actions.items()}


def _describe(files: list[ListFile]) -> str:
    missing, actions = _missing(files), _actions(files)
    parts = []
    if missing:
        parts.append(
            f'{len(missing)} videos or frame folders are missing or damaged: '
            f'{some_of(list(missing))} ({next(iter(missing.values()))})'
        )
    if actions:
        beyond = [why for path, why in actions.values() if path not in missing]
        parts.append(
            f'{len(actions)} actions have no frames: {some_of(list(actions))}'
            + (f' ({beyond[0]})' if beyond else '')
        )
    return '; '.join(parts)


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
        if file.lines:
            _write(out / file.name, file.lines)
            click.echo(f'  {file.name}: {len(file.lines)} lines')
    for name, classes in content.classes.items():
        _write(out / name, classes)
        click.echo(f'  {name}: {len(classes)} classes')
    unwritten = [
        _not_written(out, file) for file in files if file.name and not file.lines
    ]
    for note in chain(content.notes, *(file.notes for file in files), unwritten):
        click.echo(f'Note: {note}', err=True)


def _not_written(out: Path, file: ListFile) -> str:
    """Say why a list without lines is not written, and what becomes of an old one."""
    why = 'the split files name nothing for it'
    if file.notes:
        why = 'all of it is background'
    if file.missing or file.actions:
        why = f'nothing of it can be used, see {MISSING_FILE}'
    kept = '; the file of an earlier run is kept' if (out / file.name).exists() else ''
    return f'{file.name} is not written: {why}{kept}'


def _write(path: Path, lines: list[str]) -> None:
    write_whole(path, ''.join(f'{line}\n' for line in lines))
