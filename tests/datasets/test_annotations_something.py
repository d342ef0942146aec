"""Something-Something V1 and V2."""

import json
import re

import pytest

from tpn_tsn_plugin.datasets.annotations import READERS
from tpn_tsn_plugin.errors import AnnotationError

# V1 counts lines; V2 says the index, in any order.
NAMES = ['Holding something', 'Approaching something with your camera']
V1 = {
    'something-something-v1-labels.csv': '\n'.join(NAMES),
    'something-something-v1-train.csv': f'100;{NAMES[1]}\n7;{NAMES[0]}\n',
    'something-something-v1-validation.csv': f'8;{NAMES[0]}\n',
}
V2 = {
    'labels': json.dumps({NAMES[1]: '1', NAMES[0]: '0'}),
    'train': json.dumps(
        [
            {'id': '100', 'template': 'Approaching [something] with your camera'},
            {'id': '7', 'template': 'Holding [something]', 'placeholders': ['a cup']},
        ]
    ),
    'validation': json.dumps([{'id': '8', 'template': 'Holding [something]'}]),
}


@pytest.fixture
def write(tmp_path):
    def write(files, **changes):
        for name, text in {**files, **changes}.items():
            (tmp_path / name).write_text(text)
        return tmp_path

    return write


def named(pattern):
    return {pattern.format(name): text for name, text in V2.items()}


@pytest.mark.parametrize(
    ('dataset', 'files'),
    [
        ('sthv1', V1),
        ('sthv2', named('something-something-v2-{}.json')),
        ('sthv2', named('{}.json')),
    ],
)
def test_lists(write, dataset, files):
    lists, classes, notes = READERS[dataset](write(files))
    train, val = lists
    assert (train.name, val.name) == (f'{dataset}_train_list', f'{dataset}_val_list')
    assert [(entry.places, entry.labels) for entry in train.entries] == [
        (('100',), (1,)),
        (('7',), (0,)),
    ]
    assert [(entry.places, entry.labels) for entry in val.entries] == [(('8',), (0,))]
    assert classes == {'classes.txt': NAMES}
    assert notes == []


@pytest.mark.parametrize(
    ('dataset', 'files', 'changed', 'text', 'message'),
    [
        (
            'sthv1',
            V1,
            'something-something-v1-train.csv',
            '1;Swiping left',
            "line 1: class 'Swiping left' is none of the 2 classes",
        ),
        (
            'sthv1',
            V1,
            'something-something-v1-train.csv',
            V2['train'],
            'found a Something-Something V2 list',
        ),
        (
            'sthv1',
            V1,
            'something-something-v1-labels.csv',
            '1;Swiping left',
            'found a Something-Something V1 list',
        ),
        (
            'sthv2',
            named('{}.json'),
            'train.json',
            V2['labels'],
            'found Something-Something V2 labels',
        ),
        (
            'sthv2',
            named('{}.json'),
            'train.json',
            '[{"id": "5", "template": "Swiping [something]"}]',
            "video 5 is of class 'Swiping something', none of the 2 classes",
        ),
        (
            'sthv2',
            named('{}.json'),
            'labels.json',
            '{"database": {}, "version": "VERSION 1.3"}',
            "found an ActivityNet file (version 'VERSION 1.3')",
        ),
        (
            'sthv2',
            named('{}.json'),
            'labels.json',
            '{"Holding something": "1"}',
            'class indices must be 0 to 0, each once',
        ),
        (
            'sthv2',
            named('{}.json'),
            'labels.json',
            '7;Holding something',
            'found a Something-Something V1 list',
        ),
        ('sthv2', named('{}.json'), 'labels.json', '{"a": ', 'found damaged JSON'),
    ],
)
def test_wrong_file_is_named(write, dataset, files, changed, text, message):
    folder = write({**files, changed: text})
    with pytest.raises(AnnotationError, match=re.escape(message)) as caught:
        READERS[dataset](folder)
    assert str(folder / changed) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_folder_of_the_other_version(write):
    message = 'with something-something-v1-labels.csv, found labels.json, train.json'
    with pytest.raises(AnnotationError, match=message):
        READERS['sthv1'](write(named('{}.json')))
