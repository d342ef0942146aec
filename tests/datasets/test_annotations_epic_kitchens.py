"""EPIC-KITCHENS-55 and -100."""

import csv
import re

import pytest

from tpn_tsn_plugin.datasets.annotations.epic_kitchens import (
    EpicInstance,
    epic_kitchens_lists,
    read_epic_kitchens,
    read_epic_kitchens_classes,
)
from tpn_tsn_plugin.errors import AnnotationError

ROW = {
    'narration_id': 'P01_102_0',
    'participant_id': 'P01',
    'video_id': 'P01_102',
    'start_timestamp': '00:01:00.54',
    'stop_timestamp': '01:00:02.23',
    'start_frame': '27',
    'stop_frame': '111',
    'narration': 'take knife, and plate',
    'verb_class': '96',
    'noun_class': '299',
    'all_nouns': "['knife', 'plate']",
}
ROW_55 = {'uid': '7', **ROW, 'verb_class': '124', 'noun_class': '351'}
del ROW_55['narration_id']


def write_csv(path, *rows):
    with open(path, 'w', newline='') as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize(
    ('version', 'row', 'name', 'labels'),
    [(100, ROW, 'P01_102_0', (96, 299)), (55, ROW_55, '7', (124, 351))],
)
def test_instances(tmp_path, version, row, name, labels):
    path = write_csv(tmp_path / 'train.csv', row)
    assert read_epic_kitchens(path, version) == [
        EpicInstance(name, 'P01', 'P01_102', 60.54, 3602.23, (27, 111), labels)
    ]


@pytest.mark.parametrize(
    ('version', 'row', 'message'),
    [
        (100, {**ROW, 'verb_class': '97'}, 'verb_class must be from 0 to 96 in EPIC-'),
        (100, {**ROW, 'noun_class': '300'}, 'noun_class must be from 0 to 299'),
        (
            100,
            {**ROW, 'noun_class': '-1'},
            'got -1; correct the line, or use version=55',
        ),
        (55, {**ROW_55, 'verb_class': '125'}, 'verb_class must be from 0 to 124'),
        (55, {**ROW_55, 'noun_class': '352'}, 'noun_class must be from 0 to 351'),
        (100, {**ROW, 'verb_class': 'take'}, "must be a whole number, got 'take'"),
        (100, {**ROW, 'start_timestamp': '3.5'}, "be like 00:01:23.45, got '3.5'"),
    ],
)
def test_wrong_row_is_named(tmp_path, version, row, message):
    good = ROW if version == 100 else ROW_55
    path = write_csv(tmp_path / 'train.csv', good, row)
    with pytest.raises(AnnotationError, match=re.escape(message)) as caught:
        read_epic_kitchens(path, version)
    assert f'{path}, line 3: ' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('version', 'row', 'found'),
    [
        (55, ROW, 'an EPIC-KITCHENS-100 file ('),
        (55, {'uid': '0', **ROW}, 'an EPIC-KITCHENS-55 file ('),
        (100, ROW_55, 'an EPIC-KITCHENS-55 file ('),
        (
            100,
            {key: value for key, value in ROW.items() if 'class' not in key},
            'an EPIC-KITCHENS-100 file without labels (',
        ),
    ],
)
def test_file_of_another_version(tmp_path, version, row, found):
    path = write_csv(tmp_path / 'train.csv', row)
    message = f'expected labelled actions of EPIC-KITCHENS-{version} .*found '
    with pytest.raises(AnnotationError, match=message + re.escape(found)):
        read_epic_kitchens(path, version)


def test_file_of_another_data_set(tmp_path):
    (tmp_path / 'train.csv').write_text('7;Holding something\n')
    with pytest.raises(AnnotationError, match='found a Something-Something V1 list'):
        read_epic_kitchens(tmp_path / 'train.csv', 100)


def test_row_with_a_column_too_few(tmp_path):
    path = write_csv(tmp_path / 'train.csv', ROW)
    path.write_text(path.read_text() + 'P01_102_1,P01\n')
    with pytest.raises(AnnotationError, match='line 3: a line must have 11 columns'):
        read_epic_kitchens(path, 100)


def test_unknown_version(tmp_path):
    with pytest.raises(ValueError, match=r'version must be one of \[55, 100\], got 99'):
        read_epic_kitchens(tmp_path, 99)


def test_lists(tmp_path):
    late = {**ROW, 'start_frame': '112', 'verb_class': '0'}
    write_csv(tmp_path / 'EPIC_100_train.csv', ROW, late)
    verbs = [{'id': i, 'key': f'verb{i}', 'category': 'x'} for i in (1, 0)]
    write_csv(tmp_path / 'EPIC_100_verb_classes.csv', *verbs)
    (verb, noun), classes, notes = epic_kitchens_lists(tmp_path)
    assert verb.name == 'epic100_train_verb_list'
    assert noun.name == 'epic100_train_noun_list'
    # frames 27 to 111, counted from 1
    assert [(e.labels, e.frames) for e in verb.entries] == [((96,), (26, 85))]
    assert [e.labels for e in noun.entries] == [(299,)]
    assert noun.entries[0].places[0] == 'P01/P01_102'
    assert classes == {'verb_classes.txt': ['verb0', 'verb1']}
    assert notes == [
        'EPIC_100_train.csv: 1 actions end before they start: left out',
        f'{tmp_path} has no EPIC_100_validation.csv',
        f'{tmp_path} has no EPIC_100_noun_classes.csv',
    ]


def test_classes_of_another_version(tmp_path):
    path = write_csv(tmp_path / 'nouns.csv', {'noun_id': 0, 'class_key': 'pan'})
    assert read_epic_kitchens_classes(path, 55) == ['pan']
    with pytest.raises(AnnotationError, match=r'with a column key\), found'):
        read_epic_kitchens_classes(path, 100)
