"""Readers of frames, extracted optical flow and generated data on disk."""

import hashlib
import io
import json
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from reader import Reader

from tpn_tsn_plugin.analysis.prediction.extracted_fields import _first_record
from tpn_tsn_plugin.datasets.extraction import ExtractionOptions, find_record
from tpn_tsn_plugin.datasets.extraction.check import StoredFiles
from tpn_tsn_plugin.datasets.extraction.records import require_same
from tpn_tsn_plugin.datasets.tempo_demo import TempoOptions
from tpn_tsn_plugin.datasets.tempo_demo.extraction import (
    _parameters as parameters_of,
)
from tpn_tsn_plugin.datasets.tempo_demo.extraction import (
    extract_optical_flow,
    optical_flow_folder,
)
from tpn_tsn_plugin.datasets.tempo_demo.store import make_once
from tpn_tsn_plugin.datasets.transforms import CheckedRawFrameDecode, FindFrames
from tpn_tsn_plugin.datasets.transforms.field_cache import FieldCache, StoredField

PICTURE = cv2.imencode('.jpg', np.zeros((8, 8, 3), np.uint8))[1].tobytes()
RECORD = dict(
    options=ExtractionOptions('dis').record(),
    made_with=dict(opencv='4'),
    fields=3,
    unwarped=None,
    size=[8, 8],
)
CHECKSUMS = f'{hashlib.md5(PICTURE).hexdigest()}  flow_x_00001.jpg\n'.encode()
DEMO = TempoOptions.from_dicts(0, dict(train=2, val=0, test=0))
DEMO_MANIFEST = dict(
    parameters=parameters_of('train', DEMO),
    fields={'train_00000': 3, 'train_00001': 4},
    files={'a.jpg': len(PICTURE)},
)
FIELD = StoredField(np.zeros((2, 3, 2), np.uint8), False)
DIGESTS = (b'a', b'b')


def archive(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, 'w', zipfile.ZIP_DEFLATED) as packed:
        for name, inside in files.items():
            packed.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), inside)
    return content.getvalue()


def read_frames(folder: Path) -> Any:
    sample = FindFrames()(dict(frame_dir=str(folder), modality='RGB'))
    count = sample['total_frames']
    sample['frame_inds'] = np.array([0, count - 1]) + sample['start_index']
    return CheckedRawFrameDecode().transform(sample)


def read_extraction(path: Path) -> Any:
    """What going on with an extraction, checking it and predicting read of it."""
    place = path.parent if path.name == 'extraction.json' else path
    out, name = place.parent, place.name.removesuffix('.zip')
    record = find_record(out, name)
    _first_record(path.parent.parent)
    if record is None:
        return None
    require_same(f'{out}/{name}', record, RECORD['options'])
    return sum([record.fields, 1])


def read_stored(path: Path) -> Any:
    place = path if path.suffix == '.zip' else path.parent
    with StoredFiles(place) as files:
        files.require_unchanged()
        return files.read_field(['flow_x_00001.jpg'])


def read_manifest(path: Path) -> Any:
    """A folder with a manifest, to be used again or to be made anew."""
    root = path.parent / 'data'
    root.mkdir()
    (root / 'a.jpg').write_bytes(PICTURE)
    path.rename(root / 'manifest.json')
    return make_once(root, DEMO_MANIFEST['parameters'], lambda _: {})


def read_fields_manifest(path: Path) -> Any:
    folder = optical_flow_folder(path.parent / 'data', 'train')
    folder.mkdir(parents=True)
    (folder / 'a.jpg').write_bytes(PICTURE)
    path.rename(folder / 'manifest.json')
    counts = extract_optical_flow(path.parent / 'data', 'train', DEMO)
    return sum(counts[name] for name in DEMO_MANIFEST['fields'])


def kept_field() -> bytes:
    """What a cache writes."""
    with tempfile.TemporaryDirectory() as folder:
        cache = FieldCache(folder, {})
        cache.store(DIGESTS, FIELD)
        return cache._path(DIGESTS).read_bytes()


def read_kept_field(path: Path) -> Any:
    cache = FieldCache(path.parent, {})
    place = cache._path(DIGESTS)
    place.parent.mkdir()
    path.rename(place)
    return cache.load(DIGESTS)


FRAME_READERS = [
    Reader(
        'frames.zip',
        lambda path: read_frames(path.with_suffix('')),
        [archive({'img_00001.jpg': PICTURE, 'img_00002.jpg': PICTURE})],
    ),
    Reader(
        'img_00001.jpg',
        lambda path: read_frames(path.parent),
        [PICTURE],
        beside={'img_00002.jpg': PICTURE},
    ),
    Reader('extraction.json', read_extraction, values=[RECORD]),
    Reader(
        'video.zip',
        read_extraction,
        [archive({'extraction.json': json.dumps(RECORD).encode()})],
    ),
    Reader(
        'checksums.md5',
        read_stored,
        [CHECKSUMS],
        beside={'flow_x_00001.jpg': PICTURE},
    ),
    Reader(
        'stored.zip',
        read_stored,
        [archive({'checksums.md5': CHECKSUMS, 'flow_x_00001.jpg': PICTURE})],
    ),
    Reader('manifest.json', read_manifest, values=[DEMO_MANIFEST]),
    Reader('fields.json', read_fields_manifest, values=[DEMO_MANIFEST]),
    Reader('cached.field', read_kept_field, [kept_field()]),
]
