"""ActivityNet's JSON file."""

import json
import re

import pytest

from tpn_tsn_plugin.datasets.annotations.activitynet import (
    activitynet_lists,
    read_activitynet,
)
from tpn_tsn_plugin.datasets.annotations.records import Instance
from tpn_tsn_plugin.errors import AnnotationError

DATABASE = {
    '-aB': {
        'duration': 82.7,
        'subset': 'training',
        'annotations': [
            {'segment': [0.5, 20], 'label': 'Surfing'},
            {'segment': [30, 82.8], 'label': 'Archery'},
            {'segment': [21, 22], 'label': 'Surfing'},
        ],
    },
    'cD_1': {
        'duration': 10,
        'subset': 'validation',
        'annotations': [{'segment': [1, 9], 'label': 'Zumba'}],
    },
    'eF': {'duration': 5.0, 'subset': 'validation', 'annotations': []},
    'gH': {'duration': 60.0, 'subset': 'testing', 'annotations': []},
}
CONTENT = {'database': DATABASE, 'version': 'VERSION 1.2', 'taxonomy': []}


@pytest.fixture
def write(tmp_path):
    def write(content):
        path = tmp_path / 'activity_net.v1-2.min.json'
        path.write_text(content if isinstance(content, str) else json.dumps(content))
        return path

    return write


def test_content(write):
    content = read_activitynet(write(CONTENT))
    assert content.classes == ['Archery', 'Surfing', 'Zumba']
    (video,) = content.subsets['training']
    assert (video.video_id, video.labels, video.duration) == ('-aB', (0, 1), 82.7)
    assert video.instances == (
        Instance(1, 0.5, 20.0),
        Instance(0, 30.0, 82.8),
        Instance(1, 21.0, 22.0),
    )
    assert [v.labels for v in content.subsets['validation']] == [(2,), ()]
    assert [v.video_id for v in content.subsets['testing']] == ['gH']


@pytest.mark.parametrize('as_folder', [False, True])
def test_lists(write, as_folder):
    path = write(CONTENT)
    lists, classes, notes = activitynet_lists(path.parent if as_folder else path)
    train, val = lists
    assert (train.name, val.name) == ('activitynet_train_list', 'activitynet_val_list')
    assert train.entries[0].labels == (0, 1)
    assert train.entries[0].places[:2] == ('v_-aB', '-aB')
    assert [entry.labels for entry in val.entries] == [(2,), ()]
    assert classes['classes.txt'] == ['Archery', 'Surfing', 'Zumba']
    assert notes == []


def changed(**changes):
    return {**CONTENT, 'database': {'-aB': {**DATABASE['-aB'], **changes}}}


@pytest.mark.parametrize(
    ('content', 'message'),
    [
        ('1 Archery\n2 Surfing', "found a class index ('1 Archery')"),
        (DATABASE, 'found JSON, a dict'),
        ([{'id': '1', 'template': 'a'}], 'found a Something-Something V2 list'),
        (
            changed(subset='test'),
            "subset of video -aB must be one of ['training', 'validation', 'testing'], "
            "got 'test'",
        ),
        (changed(annotations=[{'label': 'Surfing'}]), 'video -aB needs a duration and'),
        (
            changed(annotations=[{'label': 'Surfing', 'segment': [1]}]),
            'video -aB needs a duration and',
        ),
        (changed(annotations=[{'segment': [1, 2]}]), 'every video needs "annotations"'),
        (changed(annotations=None), 'every video needs "annotations"'),
        (changed(duration='long'), 'video -aB needs a duration and'),
    ],
)
def test_wrong_file_is_named(write, content, message):
    path = write(content)
    with pytest.raises(AnnotationError, match=re.escape(message)) as caught:
        read_activitynet(path)
    assert str(path) in str(caught.value)
    assert '\n' not in str(caught.value)


def test_missing_file_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r'cannot be read \(No such'):
        read_activitynet(tmp_path / 'gone.json')


@pytest.mark.parametrize(
    ('instance', 'duration', 'span'),
    [
        (Instance(0, 1.0, 3.0), 10.0, (1.0, 3.0)),
        (Instance(0, -0.5, 3.0), None, (0.0, 3.0)),
        (Instance(0, 8.0, 12.0), 10.0, (8.0, 10.0)),
        (Instance(0, 10.0, 12.0), 10.0, None),
        (Instance(0, 3.0, 3.0), None, None),
        (Instance(0, 4.0, 3.0), 10.0, None),
    ],
)
def test_part_of_an_instance_inside_the_video(instance, duration, span):
    assert instance.inside(duration) == span
