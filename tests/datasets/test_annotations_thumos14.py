"""THUMOS14's MATLAB files and times."""

import json
import re

import numpy as np
import pytest
from scipy.io import savemat

from tpn_tsn_plugin.datasets.annotations.records import Instance
from tpn_tsn_plugin.datasets.annotations.thumos14 import (
    read_thumos14_times,
    thumos14_lists,
    thumos14_places,
)
from tpn_tsn_plugin.datasets.annotations.thumos14_meta import read_thumos14_meta
from tpn_tsn_plugin.errors import AnnotationError

FIELDS = (
    'video_name',
    'video_duration_seconds',
    'primary_action',
    'primary_action_index',
    'secondary_actions_indices',
    'background_video',
)
NONE = np.zeros((0, 0))
VIDEOS = [
    ('video_test_0000001', 10.5, 'Archery', 3, NONE, 'NO'),
    ('video_test_0000002', 8.0, 'Diving', 26, np.array([[22], [101]]), 'NO'),
    ('video_test_0000003', 4.0, 'none', 0, NONE, 'YES'),
    ('video_test_0000004', 4.0, 'YoYo', 101, 22, 'NO'),
]


def write_meta(path, videos=VIDEOS, variable='test_videos', fields=FIELDS):
    records = np.zeros(len(videos), dtype=[(name, object) for name in fields])
    for record, video in zip(records, videos):
        for name, value in zip(fields, video):
            record[name] = value
    savemat(path, {variable: records})
    return path


@pytest.fixture
def times(tmp_path):
    folder = tmp_path / 'annotations_val'
    folder.mkdir()
    (folder / 'detclasslist.txt').write_text('22 CliffDiving\n26 Diving\n')
    (folder / 'CliffDiving_val.txt').write_text('video_validation_0000266  72.8 76.4\n')
    (folder / 'Diving_val.txt').write_text(
        'video_validation_0000266  72.8 76.4\nvideo_validation_0000007  3 4.5\n'
    )
    (folder / 'Ambiguous_val.txt').write_text('video_validation_0000009  1.0 2.0\n')
    return folder


def test_meta(tmp_path):
    meta = read_thumos14_meta(write_meta(tmp_path / 'test_set_meta.mat'), 'test')
    assert [(v.video_id, v.labels, v.duration) for v in meta.videos] == [
        ('video_test_0000001', (2,), 10.5),
        ('video_test_0000002', (21, 25, 100), 8.0),
        ('video_test_0000003', (), 4.0),
        ('video_test_0000004', (21, 100), 4.0),
    ]
    assert meta.classes == {2: 'Archery', 25: 'Diving', 100: 'YoYo'}


def test_meta_of_one_video_with_a_suffix_and_fewer_fields(tmp_path):
    path = write_meta(
        tmp_path / 'validation_set.mat',
        [('video_validation_0000001.mp4 ', 3)],
        'validation_videos',
        ('video_name', 'primary_action_index'),
    )
    (video,) = read_thumos14_meta(path, 'validation').videos
    assert (video.video_id, video.labels) == ('video_validation_0000001', (2,))
    assert video.duration is None


@pytest.mark.parametrize('index', [0, 102])
def test_class_index_out_of_range(tmp_path, index):
    videos = [VIDEOS[0], ('video_test_0000009', 1.0, '', index, NONE, 'NO')]
    path = write_meta(tmp_path / 'meta.mat', videos)
    message = f'video 2 .video_test_0000009.: class index must be .*101, got {index}'
    with pytest.raises(AnnotationError, match=message):
        read_thumos14_meta(path, 'test')


def test_meta_of_the_other_subset(tmp_path):
    path = write_meta(tmp_path / 'meta.mat')
    message = 'found test_videos; give validation_set.mat or change the subset'
    with pytest.raises(AnnotationError, match=message):
        read_thumos14_meta(path, 'validation')


def test_meta_without_labels(tmp_path):
    path = write_meta(tmp_path / 'meta.mat', [('video_test_1',)], fields=FIELDS[:1])
    with pytest.raises(AnnotationError, match='video 1: needs video_name and primary'):
        read_thumos14_meta(path, 'test')


@pytest.mark.parametrize(
    ('content', 'found'),
    [
        (b'1 Archery\n2 Biking\n', "a class index ('1 Archery')"),
        (b'', "''"),
        (b'MATLAB 5.0 MAT-file' + b'x' * 500, 'a MATLAB file'),
        (b'\xff\x00' * 100, "'"),
        (json.dumps([dict(id=i) for i in range(99)]).encode(), 'a JSON list of ob'),
        (b'[' + b'1, ' * 99, 'damaged JSON'),
    ],
)
def test_file_that_is_no_matlab_file(tmp_path, content, found):
    (tmp_path / 'meta.mat').write_bytes(content)
    with pytest.raises(AnnotationError, match=f'found {re.escape(found)}'):
        read_thumos14_meta(tmp_path / 'meta.mat', 'test')


def test_missing_matlab_file(tmp_path):
    with pytest.raises(AnnotationError, match='cannot be read'):
        read_thumos14_meta(tmp_path / 'meta.mat', 'test')


def test_times(times):
    first, second = read_thumos14_times(times, 'validation')
    assert first.video_id == 'video_validation_0000007'
    assert first.instances == (Instance(25, 3.0, 4.5),)
    assert (second.video_id, second.labels) == ('video_validation_0000266', (21, 25))
    assert second.instances == (Instance(21, 72.8, 76.4), Instance(25, 72.8, 76.4))


@pytest.mark.parametrize(
    ('name', 'text', 'message'),
    [
        (
            'detclasslist.txt',
            '102 Diving',
            'class index must be from 1 to 101, got 102',
        ),
        ('detclasslist.txt', 'Diving', 'line 1: expected detclasslist.txt of THUMOS14'),
        ('Diving_val.txt', 'video_test_0000001 1.0 2.0', 'found THUMOS14 times'),
        ('Diving_val.txt', 'a.avi 1', 'found an HMDB51 split file'),
    ],
)
def test_wrong_file_is_named(times, name, text, message):
    (times / name).write_text(text)
    with pytest.raises(AnnotationError, match=re.escape(message)) as caught:
        read_thumos14_times(times, 'validation')
    assert str(times / name) in str(caught.value)


def test_times_of_the_other_subset(times):
    message = "times for subset='test', with CliffDiving_test.txt, found Ambiguous_val"
    with pytest.raises(AnnotationError, match=message):
        read_thumos14_times(times, 'test')


def test_places():
    assert thumos14_places('video_test_0000001') == (
        'video_test_0000001',
        'test/video_test_0000001',
    )
    assert 'val/video_validation_0000001' in thumos14_places('video_validation_0000001')


def test_lists_from_times_and_matlab_file(times):
    write_meta(times.parent / 'test_set_meta.mat')
    (val, test), classes, notes = thumos14_lists(times.parent)
    assert (val.name, test.name) == ('thumos14_val_list', 'thumos14_test_list')
    assert [entry.labels for entry in val.entries] == [(25,), (21, 25)]
    assert [len(entry.labels) for entry in test.entries] == [1, 3, 0, 2]
    assert classes == {}
    assert notes[0] == f'{times} names only the videos that have times'
    assert notes[1] == 'names are known of 3 of 101 classes only'


def test_lists_with_all_names(tmp_path):
    videos = [
        (f'video_validation_{i:07}', 1.0, f'Class{i}', i, NONE, 'NO')
        for i in range(1, 102)
    ]
    write_meta(tmp_path / 'validation_set.mat', videos, 'validation_videos')
    lists, classes, notes = thumos14_lists(tmp_path)
    assert len(lists) == 1
    assert classes['classes.txt'][::100] == ['Class1', 'Class101']
    assert notes == [f'{tmp_path} has no test_set_meta.mat']


def test_folder_of_another_data_set(tmp_path):
    with pytest.raises(AnnotationError, match=r'or detclasslist\.txt and times, '):
        thumos14_lists(tmp_path)
