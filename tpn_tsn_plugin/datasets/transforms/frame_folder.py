"""Reading from a folder's file names how its frames are called and numbered."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from mmengine.fileio import isdir, list_dir_or_file

from tpn_tsn_plugin.errors import FrameFolderError

NAMES_SHOWN = 3
FILE = re.compile(r'(?P<head>.*?)(?P<number>\d+)(?P<suffix>\.(?:jpg|jpeg|png))', re.I)
# The axis is a letter that stands alone: flow_x_, x_, flow_x/, x.
AXIS = re.compile(r'(?<![a-zA-Z])[xy](?![a-zA-Z])')
# Stands for the axis in a head; no file name holds it.
MARK = '\0'


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
        folder: A folder of numbered jpg or png files. Optical flow may lie in
            sub-folders, one for x and one for y.
        modality: ``'RGB'`` or ``'Flow'``.
        template: Which of several kinds of names is meant; None if there is one.

    Returns:
        The frames.

    Raises:
        FrameFolderError: The folder is missing or holds no such frames, holds several
            kinds of them, or files are missing.
    """
    if not isdir(folder):
        raise FrameFolderError(
            f'frame folder {folder} does not exist; check frame_dir and data_prefix'
        )
    optical_flow = modality == 'Flow'
    listed = list_dir_or_file(folder, list_dir=False, recursive=optical_flow)
    there = _kinds(listed)
    pairs = [kind for kind in there if kind.names.keys() == {'x', 'y'}]
    if optical_flow:
        kinds = pairs or [kind for kind in there if MARK in kind.head]
    else:
        kinds = [_single(kind) for kind in there if kind not in pairs]
    if template is not None:
        kinds = [kind for kind in kinds if _is_called(kind, template)]
    what = 'optical flow' if optical_flow else 'RGB frames'
    if not kinds:
        raise FrameFolderError(_nothing_found(folder, what, template, there))
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
    folder: str, what: str, template: str | None, there: list[FrameFiles]
) -> str:
    wanted = {'optical flow': 'pairs such as flow_x_00001.jpg and flow_y_00001.jpg'}
    expected = template or wanted.get(what, 'files such as img_00001.jpg')
    found = ', '.join(map(str, there)) or 'no numbered jpg or png file'
    return f'{folder} holds no {what}: expected {expected}, found {found}'


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
