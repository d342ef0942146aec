"""Names of classes, and that there is one for each."""

from pathlib import Path

import pytest
from prediction_cases import CLASSES, make_config

from tpn_tsn_plugin.analysis.prediction.labels import (
    ONLY,
    find_class_names,
    read_label_map,
)
from tpn_tsn_plugin.errors import AnnotationError

DEMO = dict(type='TempoDemoDataset', data_root='nowhere')


@pytest.fixture
def label_map(tmp_path):
    def write(text, name='labels.txt'):
        path = tmp_path / name
        path.write_text(text, encoding='utf-8')
        return path

    return write


@pytest.mark.parametrize(
    'text',
    [
        'clap\nwave\njump\n',
        '\ufeffclap\r\n\r\nwave\r\n  jump  ',
        '1 clap\n2 wave\n3 jump\n',
        '2 jump\n0 clap\n1 wave\n',
        '1: clap\n2: wave\n3: jump\n',
        'clap,0\nwave,1\njump,2\n',
    ],
)
def test_formats(label_map, text):
    assert read_label_map(label_map(text)) == list(CLASSES)


@pytest.mark.parametrize(
    ('text', 'names'),
    [
        ('3 step turn\njump\n', ['3 step turn', 'jump']),
        ('1 a b, c\n2 d\n', ['a b, c', 'd']),
        ('faire la fête\n拍手\n', ['faire la fête', '拍手']),
    ],
)
def test_names_are_kept_as_they_are(label_map, text, names):
    assert read_label_map(label_map(text)) == names


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'has no names'),
        ('1 a\n3 b\n', r'number 2 classes .* without gaps, got 1 to 3'),
        ('0 a\n0 b\n', r'1 of them different'),
        ('5 a\n6 b\n', r'from 0 or 1'),
    ],
)
def test_bad_label_maps(label_map, text, message):
    with pytest.raises(AnnotationError, match=message):
        read_label_map(label_map(text))


def test_missing_and_binary(tmp_path):
    with pytest.raises(AnnotationError, match=r'no\.txt cannot be read \(No such'):
        read_label_map(tmp_path / 'no.txt')
    (tmp_path / 'a.txt').write_bytes(b'\xff\xfe\xfa')
    with pytest.raises(AnnotationError, match='it is no text'):
        read_label_map(tmp_path / 'a.txt')


def test_real_class_index(media_dir):
    path = media_dir.parent / 'annotations' / 'ucf101' / 'classInd.txt'
    if not path.is_file():
        pytest.skip(f'needs {path}')
    names = read_label_map(path)
    assert (len(names), names[0], names[100]) == (101, 'ApplyEyeMakeup', 'YoYo')


def test_users_map_counts_more_than_the_datasets(label_map):
    config = make_config(dataset=dict(DEMO))
    files = {ONLY: label_map('\n'.join(map(str, 'abcdefghijkl')))}
    assert find_class_names(config, {ONLY: 12}, files)[ONLY] == list('abcdefghijkl')


def test_names_of_the_dataset_without_building_it():
    names = find_class_names(make_config(dataset=dict(DEMO)), {ONLY: 12}, {})
    assert names[ONLY][0] == 'swing_horizontal_slow'
    assert not Path('nowhere').exists()


def test_names_in_the_config():
    data = dict(
        type='CheckedVideoDataset', ann_file='a', metainfo=dict(classes=CLASSES)
    )
    config = make_config(dataset=data)
    assert find_class_names(config, {ONLY: 3}, {}) == {ONLY: list(CLASSES)}
    loader = config.test_dataloader
    loader.dataset = dict(type='RepeatDataset', times=1, dataset=loader.dataset)
    assert find_class_names(config, {ONLY: 3}, {}) == {ONLY: list(CLASSES)}


def test_numbers_where_nothing_names_them():
    names = find_class_names(make_config(), {'verb': 1, 'noun': 2}, {})
    assert names == {'verb': ['class 0'], 'noun': ['class 0', 'class 1']}


def test_a_map_a_task(label_map):
    files = {'noun': label_map('cup\nfork\n')}
    names = find_class_names(make_config(), {'verb': 1, 'noun': 2}, files)
    assert names == {'verb': ['class 0'], 'noun': ['cup', 'fork']}


META = dict(classes=list(CLASSES))


def test_names_in_the_checkpoint_come_before_the_datasets():
    config = make_config(dataset=dict(DEMO))
    names = find_class_names(config, {ONLY: 3}, {}, dataset_meta=META)
    assert names == {ONLY: list(CLASSES)}
    # as MMEngine keeps the lines of a file
    meta = dict(classes=('1 clap', '2 wave', '3 jump'))
    assert find_class_names(config, {ONLY: 3}, {}, dataset_meta=meta) == names


def test_the_users_spelling_is_kept(label_map):
    files = {ONLY: label_map('Clap\nWAVE\nju mp\n')}
    names = find_class_names(make_config(), {ONLY: 3}, files, dataset_meta=META)
    assert names == {ONLY: ['Clap', 'WAVE', 'ju mp']}


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('jump\nwave\nclap\n', "class 0 'jump', but the .* trained with 'clap'"),
        ('clap\nwave\nrun\n', "class 2 'run', but the checkpoint was .* 'jump'"),
        ('clap\njump\nwave\n', "class 1 'jump'"),
        ('3 clap\n2 wave\n1 jump\n', "class 0 'jump'"),
        ('clap\nwave\n', 'has 2 names, but the classifier has 3 classes'),
    ],
)
def test_names_that_are_not_the_checkpoints(label_map, text, message):
    path = label_map(text)
    with pytest.raises(AnnotationError, match=message) as caught:
        find_class_names(make_config(), {ONLY: 3}, {ONLY: path}, dataset_meta=META)
    assert str(caught.value).startswith(f'label map {path} ')
    assert '\n' not in str(caught.value)
    # the config may name the file as well
    data = dict(type='CheckedVideoDataset', metainfo=dict(classes=str(path)))
    with pytest.raises(AnnotationError, match=message):
        find_class_names(make_config(dataset=data), {ONLY: 3}, {}, dataset_meta=META)


@pytest.mark.parametrize(
    'classes', [None, 'abc', 3, ['a', 'b'], ['a', 'b', 3], ['a', 'b', '\x1b[2J']]
)
def test_what_cannot_be_the_classifiers_names_is_left(label_map, classes):
    """Those of another data set, as before the classifier was replaced, say."""
    meta = dict(classes=classes)
    names = find_class_names(make_config(), {ONLY: 3}, {}, dataset_meta=meta)
    assert names == {ONLY: ['class 0', 'class 1', 'class 2']}
    files = {ONLY: label_map('x\ny\nz\n')}
    names = find_class_names(make_config(), {ONLY: 3}, files, dataset_meta=meta)
    assert names == {ONLY: ['x', 'y', 'z']}


def test_numbers_in_the_checkpoint_that_are_part_of_names():
    meta = dict(classes=['3 steps', '5 steps'])
    names = find_class_names(make_config(), {ONLY: 2}, {}, dataset_meta=meta)
    assert names == {ONLY: ['3 steps', '5 steps']}


@pytest.mark.parametrize(
    ('classes', 'task', 'message'),
    [
        ({ONLY: 4}, ONLY, r'labels\.txt has 3 names, but the classifier has 4 classes'),
        ({ONLY: 1}, ONLY, r'3 names, but the classifier has 1 class;'),
        ({'verb': 4}, 'verb', r"3 names, but task 'verb' has 4 classes"),
        ({ONLY: 3}, 'verb', r"one task, got a label map of task 'verb'"),
        ({'verb': 3, 'noun': 3}, ONLY, r'tasks verb, noun, got .* --labels verb=FILE'),
        ({'verb': 3}, 'adverb', r"got a label map for 'adverb'"),
    ],
)
def test_maps_that_do_not_fit(label_map, classes, task, message):
    files = {task: label_map('a\nb\nc\n')}
    with pytest.raises(AnnotationError, match=message) as caught:
        find_class_names(make_config(), classes, files)
    assert '\n' not in str(caught.value)


def test_dataset_of_other_classes():
    with pytest.raises(AnnotationError, match='test dataset has 12 names, but'):
        find_class_names(make_config(dataset=dict(DEMO)), {ONLY: 3}, {})
