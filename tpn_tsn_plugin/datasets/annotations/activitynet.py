"""ActivityNet v1.2 and v1.3: one JSON file with all subsets.

Classes are indexed by their sorted names, as in MMAction2. The labels of ``testing``
are not public: its videos come without.
"""

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from tpn_tsn_plugin.errors import AnnotationError

from .reading import (
    find_file,
    foreign,
    read_json,
    read_text,
    require_name,
    require_text,
)
from .records import (
    AnnotationLists,
    Instance,
    UntrimmedVideo,
    VideoEntry,
    VideoList,
)

SUBSETS: tuple[str, ...] = ('training', 'validation', 'testing')
FILES = (
    'activity_net.v1-2.min.json',
    'activity_net.v1-3.min.json',
    'activity_net.v1-2.json',
    'activity_net.v1-3.json',
)
LISTS = {'training': 'train', 'validation': 'val'}
# Videos lie in one folder, or in one per subset.
FOLDERS = ('', 'train', 'training', 'val', 'validation', 'train_val', 'test', 'testing')


class ActivityNet(NamedTuple):
    """The content of an ActivityNet file.

    Args:
        classes: Sorted names.
        subsets: Videos per subset.
    """

    classes: list[str]
    subsets: dict[str, list[UntrimmedVideo]]


def read_activitynet(path: str | Path) -> ActivityNet:
    """Read an official annotation file.

    Args:
        path: ``activity_net.v1-2.min.json`` or ``activity_net.v1-3.min.json``.

    Raises:
        AnnotationError: The file is of another data set, or a video's record cannot be
            used.
    """
    expected = 'an ActivityNet file (JSON with "database")'
    content = read_json(path, expected)
    if not isinstance(content, dict) or not isinstance(content.get('database'), dict):
        raise foreign(path, expected, read_text(path, expected))
    database = content['database']
    try:
        classes = sorted(
            {
                require_text(action['label'], f'{path}: "label" of an action')
                for video in database.values()
                for action in _of(video)
            }
        )
        labels = {name: label for label, name in enumerate(classes)}
    except (KeyError, TypeError) as error:
        raise AnnotationError(
            f'{path}: every video needs "annotations" with "label" and "segment"; '
            'give the official file'
        ) from error
    subsets: dict[str, list[UntrimmedVideo]] = {name: [] for name in SUBSETS}
    for video_id, video in database.items():
        subset = video.get('subset')
        if subset not in SUBSETS:
            raise AnnotationError(
                f'{path}: subset of video {video_id} must be one of {list(SUBSETS)}, '
                f'got {subset!r}; give the official file of ActivityNet'
            )
        require_name(video_id, f'{path}: a key of "database"')
        where = f'{path}: video {video_id}'
        subsets[subset].append(_read_video(video_id, video, labels, where))
    return ActivityNet(classes, subsets)


def _of(video: Mapping[str, Any]) -> list[dict[str, Any]]:
    return list(video['annotations'])


def _read_video(
    video_id: str, video: Mapping[str, Any], labels: Mapping[str, int], where: str
) -> UntrimmedVideo:
    instances = []
    try:
        for action in _of(video):
            start, end = map(float, action['segment'])
            instances.append(Instance(labels[action['label']], start, end))
        duration = video.get('duration')
        duration = None if duration is None else float(duration)
        if not all(map(isfinite, (duration or 0.0, *_seconds(instances)))):
            raise ValueError('a time is not finite')
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise AnnotationError(
            f'{where} needs a duration and "segment" with start and end in seconds; '
            'give the official file'
        ) from error
    classes = tuple(sorted({instance.label for instance in instances}))
    return UntrimmedVideo(video_id, classes, tuple(instances), duration)


def _seconds(instances: Iterable[Instance]) -> Iterator[float]:
    for instance in instances:
        yield from (instance.start, instance.end)


def activitynet_places(video_id: str) -> tuple[str, ...]:
    """Paths without suffix where a video may be.

    Args:
        video_id: The official id, without ``v_``.
    """
    names = (f'v_{video_id}', video_id)
    return tuple(
        f'{folder}/{name}' if folder else name for folder in FOLDERS for name in names
    )


def activitynet_lists(source: str | Path) -> AnnotationLists:
    """Read the training and the validation list, with all labels of a video.

    Args:
        source: The JSON file, or the folder that holds one.

    Raises:
        AnnotationError: The file is missing or faulty.
    """
    if Path(source).is_dir():
        source = find_file(source, FILES, 'ActivityNet')
    content = read_activitynet(source)
    lists = [
        VideoList(
            f'activitynet_{name}_list',
            '.mp4',
            [
                VideoEntry(activitynet_places(video.video_id), video.labels)
                for video in content.subsets[subset]
            ],
        )
        for subset, name in LISTS.items()
    ]
    return AnnotationLists(lists, {'classes.txt': content.classes}, [])
