"""EPIC-KITCHENS' actions as samples."""

import csv

import pytest
from mmaction.datasets.transforms import PackActionInputs

from tpn_tsn_plugin.datasets import EpicKitchensDataset
from tpn_tsn_plugin.errors import AnnotationError, MissingVideoError

ROWS = [
    ('P01_01_0', 'P01', 'P01_01', '00:00:00.14', '00:00:03.37', 3, 114),
    ('P01_01_1', 'P01', 'P01_01', '00:00:04.00', '00:00:04.00', 6, 0),
    ('P02_101_0', 'P02', 'P02_101', '00:01:00.00', '00:01:02.50', 96, 299),
]
COLUMNS = (
    'narration_id',
    'participant_id',
    'video_id',
    'start_timestamp',
    'stop_timestamp',
    'verb_class',
    'noun_class',
    'start_frame',
    'stop_frame',
)


@pytest.fixture
def make(tmp_path):
    def build(rows=ROWS, name=COLUMNS[0], **kwargs):
        with open(tmp_path / 'train.csv', 'w', newline='') as file:
            writer = csv.writer(file)
            writer.writerows([(name, *COLUMNS[1:]), *((*row, 1, 9) for row in rows)])
        options = dict(data_root=str(tmp_path), data_prefix=dict(video='videos'))
        return EpicKitchensDataset('train.csv', [], **options, **kwargs)

    for video in ('P01/P01_01.MP4', 'P02/videos/P02_101.mp4'):
        (tmp_path / 'videos' / video).parent.mkdir(parents=True)
        (tmp_path / 'videos' / video).touch()
    return build


def test_actions(make, tmp_path):
    dataset = make()
    first, last = dataset[0], dataset[1]
    # the action without length between them is left out
    assert len(dataset) == 2
    assert first['filename'] == str(tmp_path / 'videos' / 'P01' / 'P01_01.MP4')
    assert (first['label'], first['time_span']) == ([3, 114], (0.14, 3.37))
    assert (first['video_id'], first['modality']) == ('P01_01_0', 'RGB')
    assert last['filename'].endswith('P02/videos/P02_101.mp4')
    assert (last['label'], last['time_span']) == ([96, 299], (60.0, 62.5))
    assert last['video_id'] == 'P02_101_0'


def test_packed_sample_has_two_class_indices(make):
    packed = PackActionInputs()(dict(make()[1], imgs=[0]))
    assert packed['data_samples'].gt_label.tolist() == [96, 299]
    assert packed['data_samples'].metainfo['video_id'] == 'P02_101_0'


def test_version_55(make):
    dataset = make([('7', *ROWS[2][1:5], 124, 351)], 'uid', version=55)
    assert (dataset[0]['video_id'], dataset[0]['label']) == ('7', [124, 351])


def test_missing_videos(make, tmp_path):
    (tmp_path / 'videos' / 'P01' / 'P01_01.MP4').unlink()
    with pytest.raises(MissingVideoError, match=r'1 of 2 .*P01/P01_01\.MP4'):
        make()
    assert len(make(skip_missing=True)) == 1
    assert len(make(check_videos=False)) == 2


@pytest.mark.parametrize(
    ('rows', 'kwargs', 'error', 'message'),
    [
        (ROWS, dict(version=2018), ValueError, r'one of \[55, 100\], got 2018'),
        (ROWS, dict(version=55), AnnotationError, 'found an EPIC-KITCHENS-100 file'),
        ([], {}, AnnotationError, 'names no action'),
        (
            ROWS[1:2],
            {},
            AnnotationError,
            r'train\.csv: all 1 actions .* end before they start: P01_01_1; restore',
        ),
        (
            [(*ROWS[0][:5], 97, 0)],
            {},
            AnnotationError,
            'line 2: verb_class must be from 0 to 96 .*, got 97; correct',
        ),
    ],
)
def test_wrong_files_and_options(make, rows, kwargs, error, message):
    with pytest.raises(error, match=message):
        make(rows, **kwargs)
