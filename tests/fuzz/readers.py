"""What reads files from elsewhere, with valid files of each kind."""

import io
import json
import pickle
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mmengine.logging import HistoryBuffer

from tpn_tsn_plugin.analysis.experiments.family import read_family
from tpn_tsn_plugin.analysis.prediction.labels import read_label_map
from tpn_tsn_plugin.analysis.scores.files import read_score_file
from tpn_tsn_plugin.analysis.tempo.curve_file import read_curves
from tpn_tsn_plugin.analysis.trained_model import read_config
from tpn_tsn_plugin.converters.files import read_source
from tpn_tsn_plugin.datasets import CheckedRawframeDataset, CheckedVideoDataset
from tpn_tsn_plugin.datasets.annotations.activitynet import read_activitynet
from tpn_tsn_plugin.datasets.annotations.epic_kitchens import read_epic_kitchens
from tpn_tsn_plugin.datasets.annotations.hmdb51 import read_hmdb51_file
from tpn_tsn_plugin.datasets.checking.check_run import _read as read_checks
from tpn_tsn_plugin.datasets.extraction.records import find_record
from tpn_tsn_plugin.datasets.tempo_demo.store import read_manifest
from tpn_tsn_plugin.engine.bad_videos.report_file import ReportFile


@dataclass(frozen=True)
class Reader:
    """A kind of file.

    Attributes:
        name: What it is called, with the suffix that it needs.
        read: Reads one.
        seeds: Valid ones.
    """

    name: str
    read: Callable[[Path], Any]
    seeds: list[bytes]


def saved(value: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    torch.save(value, file, **options)
    return file.getvalue()


WEIGHTS = {
    'backbone.conv1.weight': torch.arange(4.0).reshape(2, 2),
    'cls_head.fc_cls.bias': torch.ones(3),
}
META = dict(epoch=1, iter=2, cfg='x = 1', mmengine_version='0.10.7')
HUB = dict(log_scalars={'loss': HistoryBuffer([1.0], [1])}, runtime_info={'iter': 2})


class Evil:
    """Runs code where it is loaded without care."""

    def __reduce__(self):
        return eval, ("open('ran', 'w')",)


CHECKPOINTS = [
    saved(dict(state_dict=WEIGHTS, meta=META, message_hub=HUB)),
    saved(WEIGHTS),
    saved(dict(state_dict=WEIGHTS), _use_new_zipfile_serialization=False),
    saved(dict(state_dict=WEIGHTS, meta=Evil())),
    saved(Evil(), _use_new_zipfile_serialization=False),
]
SAMPLES = [
    dict(
        pred_score=torch.tensor([0.2, 0.8]),
        gt_label=torch.tensor([1]),
        pred_label=torch.tensor([1]),
        video_id=f'v{i}',
        img_shape=(4, 4),
    )
    for i in range(2)
]
SCORES = [
    *(pickle.dumps(SAMPLES, protocol) for protocol in (2, 4)),
    pickle.dumps([dict(pred_score=np.array([0.5, 0.5]), gt_label=0, video_id='a')]),
    pickle.dumps([Evil()]),
    pickle.dumps(dict(pred_score=Evil())),
]
LISTS = [b'a.mp4 0\nb c.mp4 1\n', b'\xef\xbb\xbfa.mp4 2\r\n\r\nb.mp4 1\r\n']
EPIC = (
    b'narration_id,participant_id,video_id,start_timestamp,stop_timestamp,start_frame,'
    b'stop_frame,verb,verb_class,noun,noun_class\n'
    b'P01_01_0,P01,P01_01,00:00:00.14,00:00:03.37,8,202,open,3,door,3\n'
)
ACTIVITYNET = json.dumps(
    dict(
        taxonomy=[
            dict(nodeName='run', nodeId=1, parentId=None, parentName=None),
            dict(nodeName='jump', nodeId=2, parentId=1, parentName='run'),
        ],
        database=dict(
            abc=dict(
                subset='training',
                duration=12.5,
                annotations=[dict(segment=[1.0, 3.5], label='jump')],
            )
        ),
    )
).encode()


def read_video_list(path: Path) -> Any:
    return CheckedVideoDataset(str(path), [], check_videos=False).load_data_list()


def read_rawframe_list(path: Path) -> Any:
    return CheckedRawframeDataset(str(path), [], check_frames=False).load_data_list()


def in_folder(read: Callable[[Path], Any], name: str) -> Callable[[Path], Any]:
    """Read a file that is found by its folder."""

    def find(path: Path) -> Any:
        path.rename(path.with_name(name))
        return read(path.parent)

    return find


def manifest() -> bytes:
    entry = dict(files={'train/0.mp4': 12}, parameters=dict(seed=0, size=32), version=1)
    return json.dumps(entry).encode()


READERS = [
    Reader(
        'labels.txt', read_label_map, [b'run\njump\n', b'0 run\n1 jump\n', b'run,1\n']
    ),
    Reader('videos.txt', read_video_list, LISTS),
    Reader('frames.txt', read_rawframe_list, [b'. 12 0\n./. 3 1\n']),
    Reader('checkpoint.pth', read_source, CHECKPOINTS),
    Reader('scores.pkl', read_score_file, SCORES),
    Reader('manifest.json', in_folder(read_manifest, 'manifest.json'), [manifest()]),
    Reader('config.py', read_config, [b'model = dict(type="A", x=[1, 2])\nlr = 0.1\n']),
    Reader(
        'family.py',
        read_family,
        [b"title = 'a'\ncells = [dict(row='a', column='b', config='family.py')]\n"],
    ),
    Reader('activitynet.json', read_activitynet, [ACTIVITYNET]),
    Reader('epic.csv', lambda path: read_epic_kitchens(path, 100), [EPIC]),
    Reader('brush_hair_test_split1.txt', read_hmdb51_file, [b'a.avi 1 \nb.avi 2 \n']),
    Reader(
        'curves.csv',
        lambda path: read_curves(path.read_text(errors='replace'), path),
        [b'video_id,label,fps,probabilities\nv0,1,25,0.1 0.9\n'],
    ),
    Reader(
        'checked.jsonl', read_checks, [b'{"path": "a", "size": 1, "modified": 2}\n']
    ),
    Reader(
        'bad_videos.jsonl',
        lambda path: ReportFile(path).add('train', []),
        [b'{"split": "train", "path": "a.mp4", "reason": "x"}\n'],
    ),
    Reader(
        'extraction.json',
        in_folder(
            lambda folder: find_record(folder.parent, folder.name), 'extraction.json'
        ),
        [
            b'{"options": {"algorithm": "dis"}, "made_with": {}, "fields": 3, '
            b'"unwarped": null, "size": [4, 4]}'
        ],
    ),
]
