"""HMDB51's split files."""

import re
from pathlib import Path

import pytest

from tpn_tsn_plugin.datasets.annotations import hmdb51
from tpn_tsn_plugin.datasets.annotations.hmdb51 import (
    hmdb51_lists,
    read_hmdb51_file,
    read_hmdb51_split,
)
from tpn_tsn_plugin.errors import AnnotationError

# By file name, climb_stairs would come before climb.
CLASSES = ['climb', 'climb_stairs', 'sword', 'sword_exercise']


@pytest.fixture(scope='module')
def official() -> Path:
    """Some of HMDB51's own files; skips where they are missing."""
    folder = Path(__file__).resolve().parents[3] / 'shared' / 'annotations' / 'hmdb51'
    if not folder.is_dir():
        pytest.skip(f'needs the split files {folder}')
    return folder


@pytest.fixture
def splits(tmp_path, monkeypatch):
    monkeypatch.setattr(hmdb51, 'NUM_CLASSES', len(CLASSES))
    for name in CLASSES:
        (tmp_path / f'{name}_test_split1.txt').write_text(
            f'a(1)_{name}_f.avi 1 \nb!_{name}.avi 2 \nc_{name}.avi 0 \n'
        )
    return tmp_path


def test_split(splits):
    videos = read_hmdb51_split(splits, 1)
    assert videos['train'] == [
        (f'{name}/a(1)_{name}_f', label) for label, name in enumerate(CLASSES)
    ]
    assert videos['val'] == [
        (f'{name}/b!_{name}', label) for label, name in enumerate(CLASSES)
    ]


def test_lists_say_which_splits_are_missing(splits):
    lists, classes, notes = hmdb51_lists(splits)
    names = [video_list.name for video_list in lists]
    assert names == ['hmdb51_train_split_1', 'hmdb51_val_split_1']
    assert lists[0].entries[1].places == (
        'climb_stairs/a(1)_climb_stairs_f',
        'a(1)_climb_stairs_f',
    )
    assert classes['classes.txt'] == CLASSES
    assert [note.split('has no ')[1] for note in notes] == [
        '<class>_test_split2.txt',
        '<class>_test_split3.txt',
    ]


def test_missing_class_would_shift_the_index(splits):
    (splits / 'sword_test_split1.txt').unlink()
    with pytest.raises(AnnotationError, match='has 3 of the 4 files'):
        hmdb51_lists(splits)


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        ('a_wave_f.avi 3', 'id must be 0, 1 or 2, got 3'),
        ('a_wave_f.avi', "found 'a_wave_f.avi'"),
        (
            'Archery/v_Archery_g01_c01.avi 1',
            "found a UCF101 list ('Archery/v_Archery_g01_c01.avi 1')",
        ),
    ],
)
def test_wrong_line_is_named(tmp_path, line, message):
    path = tmp_path / 'wave_test_split1.txt'
    path.write_text(f'a_wave.avi 1 \n{line} \n')
    with pytest.raises(AnnotationError, match=re.escape(message)) as caught:
        read_hmdb51_file(path)
    assert f'{path}, line 2: ' in str(caught.value)


def test_folder_of_another_data_set(tmp_path):
    (tmp_path / 'classInd.txt').touch()
    message = "expected the folder of HMDB51's split files.*found classInd.txt; give"
    with pytest.raises(AnnotationError, match=message):
        hmdb51_lists(tmp_path)


@pytest.mark.parametrize('name', ['cartwheel', 'wave'])
def test_official_files(official, name):
    videos = read_hmdb51_file(official / f'{name}_test_split1.txt')
    uses = [use for _, use in videos]
    # the paper's numbers, for each class and split
    assert (uses.count(1), uses.count(2)) == (70, 30)


def test_official_files_of_two_classes_are_too_few(official):
    with pytest.raises(AnnotationError, match='has 2 of the 51 files'):
        hmdb51_lists(official)
