"""Readers of annotation files, of all data sets and of MMAction2's lists."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from mutations import ODD
from reader import Reader
from scipy.io import savemat

from tpn_tsn_plugin.analysis.prediction.labels import read_label_map
from tpn_tsn_plugin.analysis.scores.identities import names_from_list
from tpn_tsn_plugin.datasets import (
    ActivityNetVideoDataset,
    CheckedRawframeDataset,
    CheckedVideoDataset,
    EpicKitchensDataset,
    Thumos14Dataset,
)
from tpn_tsn_plugin.datasets.annotations import READERS as DATA_SETS
from tpn_tsn_plugin.datasets.annotations.hmdb51 import read_hmdb51_file
from tpn_tsn_plugin.datasets.annotations.list_files import make_list_files
from tpn_tsn_plugin.datasets.extraction import find_videos

EPIC_COLUMNS = (
    'participant_id,video_id,start_timestamp,stop_timestamp,start_frame,stop_frame,'
    'verb,verb_class,noun,noun_class\n'
)
EPIC_ROW = 'P01_01_0,P01,P01_01,00:00:00.14,00:00:03.37,8,202,open,3,door,3\n'
EPIC_100 = f'narration_id,{EPIC_COLUMNS}{EPIC_ROW}'.encode()
EPIC_55 = f'uid,{EPIC_COLUMNS}{EPIC_ROW}'.encode()
ACTIVITYNET = dict(
    version='VERSION 1.3',
    database=dict(
        abc=dict(
            subset='training',
            duration=12.5,
            annotations=[dict(segment=[1.0, 3.5], label='jump')],
        ),
        d=dict(subset='validation', duration=3, annotations=[]),
        e=dict(
            subset='training',
            duration=8,
            annotations=[dict(segment=[0, 9], label='run')],
        ),
    ),
)
LABELS = {'Holding something': '0', 'Opening something': '1'}
V2_LIST = [
    dict(id='78687', template='Holding [something]', placeholders=['cup']),
    dict(id='42326', template='Opening [something]', placeholders=['box']),
]
THUMOS_FIELDS = (
    'video_name',
    'video_duration_seconds',
    'primary_action',
    'primary_action_index',
    'secondary_actions_indices',
    'background_video',
)
THUMOS_VIDEOS = [
    ['video_validation_0000001', 10.5, 'Diving', 26, [22, 101], 'NO'],
    ['video_validation_0000003', 4.0, 'none', 0, [], 'YES'],
]
THUMOS_TIMES = {
    'detclasslist.txt': b'26 Diving\n',
    'Diving_val.txt': b'video_validation_0000001  1.0 2.5\n',
}
UCF101 = {
    'classInd.txt': b'1 Archery\n2 Diving\n',
    'trainlist01.txt': b'Archery/v_Archery_g01_c01.avi 1\n',
    'testlist01.txt': b'Diving/v_Diving_g01_c01.avi\n',
}
STHV1 = {
    'something-something-v1-labels.csv': b'Holding something\nOpening something\n',
    'something-something-v1-train.csv': b'1;Holding something\n',
    'something-something-v1-validation.csv': b'2;Opening something\n',
}
STHV2 = {
    'labels.json': json.dumps(LABELS).encode(),
    'train.json': json.dumps(V2_LIST).encode(),
    'validation.json': json.dumps(V2_LIST).encode(),
}
VIDEOS = {'a.mp4': b'', 'b.mp4': b'', 'b c.mp4': b''}


def lists_of(name: str) -> Callable[[Path], Any]:
    """Read a data set's folder, and make the lists of what is there."""

    def read(path: Path) -> Any:
        found = DATA_SETS[name](path.parent)
        return make_list_files(found.lists, path.parent, path.parent, lambda _: None)

    return read


def dataset(kind: type, **options: Any) -> Callable[[Path], Any]:
    """Read an annotation file as a dataset does."""

    def read(path: Path) -> Any:
        folder = str(path.parent)
        key = 'img' if kind is CheckedRawframeDataset else 'video'
        here = dict(options, data_prefix={key: folder})
        if 'time_dir' in options:
            here['time_dir'] = folder
        return kind(str(path), [], lazy_init=True, **here).load_data_list()

    return read


def part_of(name: str, of: str, files: dict[str, bytes]) -> Reader:
    """One of a data set's files, whose others are whole."""
    beside = {other: content for other, content in files.items() if other != name}
    return Reader(name, lists_of(of), [files[name]], beside=beside)


def to_matlab(videos: list) -> bytes:
    records = np.zeros(len(videos), dtype=[(name, object) for name in THUMOS_FIELDS])
    for record, video in zip(records, videos, strict=True):
        for name, value in zip(THUMOS_FIELDS, video, strict=True):
            record[name] = value
    file = io.BytesIO()
    savemat(file, {'validation_videos': records})
    return file.getvalue()


def read_videos(path: Path) -> Any:
    """A list as extract-flow and check-videos read it."""
    looked_at = find_videos(path, for_writing=False)
    return looked_at, find_videos(path)


def read_tested_list(path: Path) -> Any:
    return names_from_list(Path('scores.pkl'), path, [{0}, {1}])


UNCHECKED = dict(check_videos=False)
SEVERAL = dict(multi_class=True, num_classes=3, allow_background=True)
LISTS = [b'a.mp4 0\nb c.mp4 1\n', b'\xef\xbb\xbfa.mp4 2\r\n\r\nb.mp4 1\r\n']
FRAME_LISTS = [b'. 12 0\n./. 3 1\n']
ANNOTATION_READERS = [
    Reader(
        'labels.txt', read_label_map, [b'run\njump\n', b'0 run\n1 jump\n', b'run,1\n']
    ),
    Reader('videos.txt', dataset(CheckedVideoDataset), LISTS, beside=VIDEOS),
    Reader(
        'videos-several.txt',
        dataset(CheckedVideoDataset, **SEVERAL, **UNCHECKED),
        [b'a.mp4 0 2\nb.mp4\n'],
    ),
    Reader('frames.txt', dataset(CheckedRawframeDataset), FRAME_LISTS),
    Reader(
        'frames-checked.txt',
        dataset(CheckedRawframeDataset, with_offset=True, check_frames=True),
        [b'. 0 1 0\n./. 0 1 1\n'],
        beside={'img_00001.jpg': b''},
    ),
    Reader('extracted.txt', read_videos, [b'a.mp4 0\nb.mp4 1\n'], beside=VIDEOS),
    Reader('tested.txt', read_tested_list, [b'a.mp4 0\nb.mp4 1\n', b'a 9 0\nb 9 1\n']),
    Reader(
        'activitynet.json',
        lambda path: make_list_files(
            DATA_SETS['activitynet'](path).lists, path.parent, None, lambda _: None
        ),
        values=[ACTIVITYNET],
    ),
    Reader(
        'activitynet-actions.json',
        dataset(
            ActivityNetVideoDataset, subset='training', instances=True, **UNCHECKED
        ),
        values=[ACTIVITYNET],
    ),
    Reader('EPIC_100_train.csv', lists_of('epic'), [EPIC_100]),
    Reader('EPIC_train_action_labels.csv', lists_of('epic'), [EPIC_55]),
    Reader(
        'EPIC_100_verb_classes.csv',
        lists_of('epic'),
        [b'id,key,instances\n0,take,[]\n1,put,[]\n'],
        beside={'EPIC_100_train.csv': EPIC_100},
    ),
    Reader('epic.csv', dataset(EpicKitchensDataset, **UNCHECKED), [EPIC_100]),
    Reader('brush_hair_test_split1.txt', read_hmdb51_file, [b'a.avi 1 \nb.avi 2 \n']),
    *(part_of(name, 'ucf101', UCF101) for name in UCF101),
    *(part_of(name, 'sthv1', STHV1) for name in list(STHV1)[:2]),
    Reader('labels.json', lists_of('sthv2'), values=[LABELS], beside=STHV2),
    Reader('train.json', lists_of('sthv2'), values=[V2_LIST], beside=STHV2),
    Reader(
        'validation_set.mat',
        dataset(
            Thumos14Dataset,
            subset='validation',
            instances=True,
            time_dir='',
            **UNCHECKED,
        ),
        values=[THUMOS_VIDEOS],
        dump=to_matlab,
        odd=[*ODD, np.zeros((0, 0)), np.array([[1.5, np.inf]]), np.array([3 + 1j])],
        beside=THUMOS_TIMES,
        share=0.4,
    ),
    *(part_of(name, 'thumos14', THUMOS_TIMES) for name in THUMOS_TIMES),
]
