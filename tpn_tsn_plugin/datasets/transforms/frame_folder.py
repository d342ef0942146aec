"""Reading from a folder's file names how its frames are called and numbered."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from mmengine.fileio import isdir, list_dir_or_file

from tpn_tsn_plugin.errors import FrameFolderError

from .frame_archive import FrameArchive, find_archive

NAMES_SHOWN = 3
FILE = re.compile(r'(?P<head>.*?)(?P<number>\d+)(?P<suffix>\.(?:jpg|jpeg|png))', re.I)
# The axis is a letter that stands alone: flow_x_, x_, flow_x/, x.
AXIS = re.compile(r'(?<![a-zA-Z])[xy](?![a-zA-Z])')
# Stands for the axis in a head; no file name holds it.
MARK = '\0'
OPTICAL_FLOW = re.compile(r'(?<![a-zA-Z])flow(?![a-zA-Z])', re.I)
# What others call x and y, likewise standing alone.
OTHER_AXES = re.compile(r'(?<![a-zA-Z])[uv](?![a-zA-Z])')
WANTED = {
    'RGB frames': 'files such as img_00001.jpg',
    'optical flow': 'pairs such as flow_x_00001.jpg and flow_y_00001.jpg',
}


@dataclass(frozen=True)
class FrameFiles:
    """The frames of one kind in a folder.

    Attributes:
        head: What comes before the number, ``MARK`` in place of an axis.
        suffix: What comes after it.
        names: File names by number, by axis: ``'x'`` and ``'y'``, or ``''`` alone.
    """

    head: str
    suffix: str
    names: dict[str, dict[int, str]]

    @property
    def first(self) -> int:
        """Lowest number."""
        return min(min(names) for names in self.names.values())

    @property
    def last(self) -> int:
        """Highest number."""
        return max(max(names) for names in self.names.values())

    @property
    def template(self) -> str:
        """How files are called, as ``RawFrameDecode`` formats it."""
        numbers = (n for names in self.names.values() for n in names.values())
        start, end = len(self.head), len(self.suffix)
        width = min(len(name) - start - end for name in numbers)
        index, axis = ('1', '{0}') if MARK in self.head else ('', '')
        escaped = self.head.replace('{', '{{').replace('}', '}}')
        return f'{escaped.replace(MARK, axis)}{{{index}:0{width}}}{self.suffix}'

    def __str__(self) -> str:
        return f'{self.template} ({sum(map(len, self.names.values()))} files)'


def format_name(template: str, axis: str, number: int) -> str:
    """Name of one file; ``axis`` is empty for RGB."""
    return template.format(*filter(None, [axis]), number)


def find_frames(folder: str, modality: str, template: str | None = None) -> FrameFiles:
    """Find the frames of one modality in a folder, complete and without gaps.

    Args:
        folder: A folder of numbered jpg or png files, or an archive in its place.
            Optical flow may lie in sub-folders, one for x and one for y.
        modality: ``'RGB'`` or ``'Flow'``.
        template: Which of several kinds of names is meant; None if there is one.

    Returns:
        The frames.

    Raises:
        FrameFolderError: The folder is missing or holds no such frames, holds several
            kinds of them, or files are missing.
    """
    optical_flow = modality == 'Flow'
    there = _kinds(_list(folder, recursive=optical_flow))
    if optical_flow:
        pairs = [kind for kind in there if kind.names.keys() == {'x', 'y'}]
        kinds = pairs or [kind for kind in there if MARK in kind.head]
    else:
        kinds = _rgb_kinds(there)
    if template is not None:
        kinds = [kind for kind in kinds if _is_called(kind, template)]
    what = 'optical flow' if optical_flow else 'RGB frames'
    if not kinds:
        raise FrameFolderError(_nothing_found(folder, [what], template, there))
    return _only_complete(folder, what, kinds)


def find_all_frames(folder: str) -> dict[str, FrameFiles]:
    """Find the frames of every modality that a folder holds files of.

    Args:
        folder: As in :func:`find_frames`.

    Returns:
        The frames by modality, ``'RGB'`` first. Beside RGB frames, optical flow may be
        of several kinds, of which this is the first.

    Raises:
        FrameFolderError: The folder holds no frames, or files of any kind are missing.
    """
    there = _kinds(_list(folder, recursive=True))
    rgb = _rgb_kinds([kind for kind in there if '/' not in kind.head])
    optical_flow = [kind for kind in there if _is_optical_flow(kind)]
    if not rgb and not optical_flow:
        raise FrameFolderError(_nothing_found(folder, list(WANTED), None, there))
    found = {}
    if rgb:
        found['RGB'] = _only_complete(folder, 'RGB frames', rgb)
        for kind in optical_flow:
            _require_complete(folder, 'optical flow', kind)
            found.setdefault('Flow', kind)
    else:
        found['Flow'] = _only_complete(folder, 'optical flow', optical_flow)
    return found


def _list(folder: str, recursive: bool) -> Iterable[str]:
    archive = find_archive(folder)
    if archive is not None:
        with FrameArchive(archive, folder) as files:
            return files.names()
    if not isdir(folder):
        raise FrameFolderError(
            f'frame folder {folder} does not exist; check frame_dir and data_prefix'
        )
    return list_dir_or_file(folder, list_dir=False, recursive=recursive)


def _only_complete(folder: str, what: str, kinds: list[FrameFiles]) -> FrameFiles:
    if len(kinds) > 1:
        raise FrameFolderError(
            f'{folder} holds several kinds of {what}: '
            f'{", ".join(map(str, kinds))}; choose one with the option '
            f'filename_tmpl, e.g. filename_tmpl={kinds[0].template!r}'
        )
    _require_complete(folder, what, kinds[0])
    return kinds[0]


def _kinds(names: Iterable[str]) -> list[FrameFiles]:
    found: dict[tuple[str, str], dict[str, dict[int, str]]] = defaultdict(
        lambda: defaultdict(dict)
    )
    for name in names:
        if file := FILE.fullmatch(name):
            head = file['head']
            axes = set(AXIS.findall(head))
            axis = axes.pop() if len(axes) == 1 else ''
            if axis:
                head = AXIS.sub(MARK, head)
            found[head, file['suffix']][axis][int(file['number'])] = name
    return [FrameFiles(*key, dict(files)) for key, files in sorted(found.items())]


def _is_optical_flow(kind: FrameFiles) -> bool:
    """Whether files are optical flow, be it that all of x or y is missing."""
    pair = kind.names.keys() == {'x', 'y'}
    return pair or (MARK in kind.head and bool(OPTICAL_FLOW.search(kind.head)))


def _rgb_kinds(there: list[FrameFiles]) -> list[FrameFiles]:
    return [_single(kind) for kind in there if not _is_optical_flow(kind)]


def _single(kind: FrameFiles) -> FrameFiles:
    """Read files that have an x in their name, but no y beside them, as RGB."""
    ((axis, names),) = kind.names.items()
    return FrameFiles(kind.head.replace(MARK, axis), kind.suffix, {'': names})


def _is_called(kind: FrameFiles, template: str) -> bool:
    axis, names = next(iter(kind.names.items()))
    number, name = next(iter(names.items()))
    try:
        return format_name(template, axis, number) == name
    except (IndexError, KeyError, ValueError):
        return False


def _nothing_found(
    folder: str, what: list[str], template: str | None, there: list[FrameFiles]
) -> str:
    expected = template or ' or '.join(WANTED[name] for name in what)
    found = ', '.join(map(str, there)) or 'no numbered jpg or png file'
    message = (
        f'{folder} holds no {" and no ".join(what)}: expected {expected}, found {found}'
    )
    others = {axis for kind in there for axis in OTHER_AXES.findall(kind.head)}
    if 'optical flow' in what and others == {'u', 'v'}:
        message += (
            '; optical flow is read as x and y: rename u to flow_x and v to flow_y, or '
            'make links of these names'
        )
    return message


def _require_complete(folder: str, what: str, kind: FrameFiles) -> None:
    axes = ['x', 'y'] if MARK in kind.head else ['']
    template, span = kind.template, range(kind.first, kind.last + 1)
    for axis in axes:
        for number, name in kind.names.get(axis, {}).items():
            if format_name(template, axis, number) != name:
                raise FrameFolderError(
                    f'{folder} numbers its {what} in several widths, e.g. {name} and '
                    f'{format_name(template, axis, number)}; rename the files'
                )

    def missing() -> Iterator[str]:
        for number in span:
            for axis in axes:
                if number not in kind.names.get(axis, {}):
                    yield format_name(template, axis, number)

    count = len(span) * len(axes) - sum(map(len, kind.names.values()))
    if count:
        names = ', '.join(islice(missing(), NAMES_SHOWN))
        raise FrameFolderError(
            f'{count} of {len(span) * len(axes)} files of the {what} in {folder} are '
            f'missing: {names}{", …" if count > NAMES_SHOWN else ""}; extract them '
            'again'
        )
