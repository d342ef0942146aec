"""UCF101's split files."""

import re
from pathlib import Path

import pytest

from tpn_tsn_plugin.datasets.annotations.ucf101 import (
    read_ucf101_classes,
    read_ucf101_list,
    ucf101_lists,
)
from tpn_tsn_plugin.errors import AnnotationError

CLASSES = ['Archery', 'HandstandPushups']
ARCHERY = 'Archery/v_Archery_g01_c01'
# The official file writes one class in two ways; the folder's counts.
HANDSTAND = 'HandstandPushups/v_HandStandPushups_g02_c01'


@pytest.fixture(scope='module')
def official() -> Path:
    """UCF101's own files; skips where they are missing."""
    folder = Path(__file__).resolve().parents[3] / 'shared' / 'annotations' / 'ucf101'
    if not folder.is_dir():
        pytest.skip(f'needs the split files {folder}')
    return folder


@pytest.fixture
def splits(tmp_path):
    (tmp_path / 'classInd.txt').write_bytes(b'1 Archery\r\n2 HandstandPushups\r\n')
    (tmp_path / 'trainlist01.txt').write_bytes(f'{HANDSTAND}.avi 2\r\n'.encode())
    (tmp_path / 'testlist01.txt').write_bytes(f'{ARCHERY}.avi\r\n'.encode())
    return tmp_path


def test_split(splits):
    lists, classes, notes = ucf101_lists(splits)
    assert [video_list.name for video_list in lists] == [
        'ucf101_train_split_1',
        'ucf101_val_split_1',
    ]
    assert [v.entries[0].labels for v in lists] == [(1,), (0,)]
    # in a folder per class, or all in one folder
    assert lists[1].entries[0].places == (ARCHERY, 'v_Archery_g01_c01')
    assert classes == {'classes.txt': CLASSES}
    assert notes == [
        f'{splits} has no trainlist02.txt, testlist02.txt, trainlist03.txt, '
        'testlist03.txt'
    ]


def test_half_a_split_is_no_split(splits):
    (splits / 'testlist01.txt').unlink()
    message = 'with testlist01.txt and trainlist02.txt, found classInd.txt, trainlist01'
    with pytest.raises(AnnotationError, match=re.escape(message)):
        ucf101_lists(splits)


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (f'{ARCHERY}.avi 3', 'line 2: class index must be from 1 to 2, .*got 3'),
        (f'{ARCHERY}.avi 0', 'line 2: class index must be from 1 to 2, .*got 0'),
        (f'{ARCHERY}.avi 2', "'Archery' is 1 in classInd.txt, but 2 here"),
        ('Biking/v_Biking_g01_c01.avi', "'Biking' is missing in classInd.txt"),
        ('run_fast.avi 1', "found an HMDB51 split file ('run_fast.avi 1')"),
        ('run/fast.avi 1', "found an MMAction2 list of videos ('run/fast.avi 1')"),
        ('12;Holding something', 'found a Something-Something V1 list'),
        ('video_test_0000006 8.1 9.5', 'found THUMOS14 times'),
        ('[{"id": "1"}]', 'line 2: expected a UCF101 list'),
    ],
)
def test_wrong_line_is_named(tmp_path, line, message):
    path = tmp_path / 'trainlist01.txt'
    path.write_text(f'{ARCHERY}.avi 1\n{line}\n')
    pattern = message if '.*' in message else re.escape(message)
    with pytest.raises(AnnotationError, match=pattern) as caught:
        read_ucf101_list(path, CLASSES)
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('1 Archery\n3 Biking\n', 'line 2: class index must be 2, got 3'),
        ('0 Archery\n', 'line 1: class index must be 1, got 0'),
        ('Archery\n', "expected UCF101's class index"),
        ('\n', 'found an empty file'),
    ],
)
def test_wrong_class_index_is_named(tmp_path, text, message):
    (tmp_path / 'classInd.txt').write_text(text)
    with pytest.raises(AnnotationError, match=message):
        read_ucf101_classes(tmp_path / 'classInd.txt')


def test_official_files(official):
    (train, val), classes, _ = ucf101_lists(official)
    assert len(classes['classes.txt']) == 101
    assert (len(train.entries), len(val.entries)) == (9537, 3783)
    assert {entry.labels[0] for entry in train.entries} == set(range(101))
    # the parts share no group of one person's videos
    groups = [
        {entry.places[0].rpartition('_')[0] for entry in video_list.entries}
        for video_list in (train, val)
    ]
    assert not groups[0] & groups[1]
    first = val.entries[0]
    assert first.places[0] == 'ApplyEyeMakeup/v_ApplyEyeMakeup_g01_c01'
    assert first.labels == (0,)
