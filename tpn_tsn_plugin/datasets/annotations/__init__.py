"""Annotation files of public data sets, one file a data set, as pure functions."""

from collections.abc import Callable
from pathlib import Path

from .activitynet import activitynet_lists
from .epic_kitchens import epic_kitchens_lists
from .hmdb51 import hmdb51_lists
from .records import (
    AnnotationLists,
    Instance,
    UntrimmedVideo,
    VideoEntry,
    VideoList,
)
from .something_v1 import something_v1_lists
from .something_v2 import something_v2_lists
from .thumos14 import thumos14_lists
from .ucf101 import ucf101_lists

# Name of a data set -> what reads its split files, in a folder or a file.
READERS: dict[str, Callable[[str | Path], AnnotationLists]] = {
    'activitynet': activitynet_lists,
    'epic': epic_kitchens_lists,
    'hmdb51': hmdb51_lists,
    'sthv1': something_v1_lists,
    'sthv2': something_v2_lists,
    'thumos14': thumos14_lists,
    'ucf101': ucf101_lists,
}

__all__ = [
    'READERS',
    'AnnotationLists',
    'Instance',
    'UntrimmedVideo',
    'VideoEntry',
    'VideoList',
]
