"""THUMOS14's MATLAB files: the labels of all videos of a subset.

The 101 classes are UCF101's; they are numbered from 1 in the files, from 0 here.
"""

from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmengine.fileio import get
from scipy.io import loadmat  # type: ignore[import-untyped]

from tpn_tsn_plugin.errors import AnnotationError

from ..apart import call_apart
from .reading import ENCODING, require_name, require_text
from .recognise import recognise
from .records import UntrimmedVideo

NUM_CLASSES = 101
FIRST_LINE = 200
# Far more than the largest of the files takes.
SECONDS = 120
SUBSETS: tuple[str, ...] = ('validation', 'test')
VARIABLES = {'validation': 'validation_videos', 'test': 'test_videos'}
META_FILES = {
    'validation': ('validation_set.mat', 'validation_set_meta/validation_set.mat'),
    'test': ('test_set_meta.mat', 'test_set_final.mat'),
}


class Thumos14Meta(NamedTuple):
    """The content of a MATLAB file.

    Args:
        videos: All videos of the subset; background has no label.
        classes: Names by label, of the classes that are some video's main one.
    """

    videos: list[UntrimmedVideo]
    classes: dict[int, str]


def read_thumos14_meta(path: str | Path, subset: str) -> Thumos14Meta:
    """Read the labels and durations of all videos of a subset.

    Args:
        path: ``validation_set.mat`` or ``test_set_meta.mat``.
        subset: ``'validation'`` or ``'test'``.

    Raises:
        AnnotationError: The file is of another data set or subset, or a class index
            is out of range.
    """
    expected = f"THUMOS14's MATLAB file of {VARIABLES[subset]}"
    try:
        content = get(path)
    except OSError as error:
        raise AnnotationError(
            f'{path}: expected {expected}, but it cannot be read ({error.strerror})'
        ) from error
    crash = AnnotationError(
        f'{path}: expected {expected}, found a damaged file, which SciPy crashes on; '
        "give the data set's own file"
    )
    # SciPy's reader does not check all that it takes for a place in memory.
    return call_apart(
        _parse, content, path, subset, expected, seconds=SECONDS, crash=crash
    )


def _parse(
    content: bytes, path: str | Path, subset: str, expected: str
) -> Thumos14Meta:
    variable = VARIABLES[subset]
    variables = _load_matlab(content, path, expected)
    if variable not in variables:
        found = ', '.join(name for name in variables if not name.startswith('__'))
        raise AnnotationError(
            f'{path}: expected {expected}, found {found or "nothing"}; give '
            f'{META_FILES[subset][0]} or change the subset'
        )
    records = np.atleast_1d(variables[variable])
    videos, classes = [], {}
    for number, record in enumerate(records, 1):
        where = f'{path}, video {number}'
        video, main_class = _read_record(record, where)
        videos.append(video)
        if main_class is not None:
            classes[main_class[0]] = main_class[1]
    return Thumos14Meta(videos, classes)


def _load_matlab(content: bytes, path: str | Path, expected: str) -> dict[str, Any]:
    try:
        return dict(loadmat(BytesIO(content), squeeze_me=True, struct_as_record=False))
    except Exception as error:
        # Which exceptions a file that is no MATLAB file causes is nowhere said.
        text = content.decode(ENCODING, errors='replace').lstrip()
        # JSON is only known from all of it; other files may be one endless line.
        found = recognise(text if text.startswith(('[', '{')) else text[:FIRST_LINE])
        raise AnnotationError(
            f'{path}: expected {expected}, found {found}, which SciPy cannot read; '
            "give the data set's own file"
        ) from error


def _read_record(
    record: Any, where: str
) -> tuple[UntrimmedVideo, tuple[int, str] | None]:
    """Return a video, and label and name of its main class where it has one."""
    try:
        name = str(record.video_name).strip().removesuffix('.mp4')
        require_name(name, f'{where}: video_name')
        duration = getattr(record, 'video_duration_seconds', None)
        seconds = None if duration is None else float(duration)
        if getattr(record, 'background_video', 'NO') == 'YES':
            return UntrimmedVideo(name, (), (), seconds), None
        main = _indices(record.primary_action_index)
        others = _indices(getattr(record, 'secondary_actions_indices', ()))
    except AnnotationError:
        raise
    except (AttributeError, TypeError, ValueError, OverflowError) as error:
        raise AnnotationError(
            f'{where}: needs video_name and primary_action_index of THUMOS14; give the '
            'official file'
        ) from error
    for index in (*main, *others):
        if not 1 <= index <= NUM_CLASSES:
            raise AnnotationError(
                f'{where} ({name}): class index must be from 1 to {NUM_CLASSES}, got '
                f'{index}; give the official file'
            )
    labels = tuple(sorted({index - 1 for index in (*main, *others)}))
    title = str(getattr(record, 'primary_action', '')).strip()
    if title:
        require_text(title, f'{where}: primary_action')
    main_class = (main[0] - 1, title) if main and title else None
    return UntrimmedVideo(name, labels, (), seconds), main_class


def _indices(value: Any) -> list[int]:
    return [int(index) for index in np.ravel(value)]
