"""Lists of frame folders are checked before anything runs."""

import re

import pytest
import torch
from mmaction.datasets import RawframeDataset
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets import CheckedRawframeDataset
from tpn_tsn_plugin.errors import (
    AnnotationError,
    FrameFolderError,
    MissingVideoError,
)
from tpn_tsn_plugin.registry import DATASETS

FOLDERS = ('a', 'b', 'my holiday')


@pytest.fixture
def make(tmp_path):
    for name in FOLDERS:
        (tmp_path / 'rawframes' / name).mkdir(parents=True)

    def build(text, dataset=CheckedRawframeDataset, **kwargs):
        (tmp_path / 'list.txt').write_text(text)
        options = {'data_prefix': {'img': 'rawframes'}, **kwargs}
        return dataset('list.txt', pipeline=[], data_root=str(tmp_path), **options)

    return build


@pytest.mark.parametrize(
    ('text', 'options'),
    [
        ('a 12 0\nb 3 11\n', dict(num_classes=12, modality='Flow', start_index=0)),
        ('a 4 12 0\nb 0 3 1\na 9 1 1\n', dict(with_offset=True)),
        ('a 12 0 2\nb 3 1\n', dict(multi_class=True, num_classes=3)),
        ('a 5 12 0 2\n', dict(multi_class=True, num_classes=3, with_offset=True)),
    ],
)
def test_good_list_reads_as_in_mmaction2(make, text, options):
    ours = make(text, filename_tmpl='{:05}.jpg', **options)
    theirs = make(text, RawframeDataset, filename_tmpl='{:05}.jpg', **options)
    assert len(ours) == len(theirs) == len(text.splitlines())
    for i in range(len(ours)):
        mine, other = ours[i], theirs[i]
        assert torch.equal(*map(torch.as_tensor, (mine.pop('label'), other['label'])))
        del other['label'], mine['video_id']
        assert mine == other


@pytest.mark.parametrize(
    ('prefix', 'name', 'identity'),
    [
        ('rawframes', 'a', 'a'),
        ('./rawframes/', './v.1//b', 'v.1/b'),
        # the dot in a folder's name starts no suffix
        ('rawframes', 'v.1', 'v.1'),
        ('', 'rawframes/a', 'rawframes/a'),
        ('rawframes', '/elsewhere/a', '/elsewhere/a'),
    ],
)
def test_identity_is_the_path_below_the_prefix(make, prefix, name, identity):
    dataset = make(f'{name} 3 0', data_prefix={'img': prefix}, check_folders=False)
    assert dataset[0]['video_id'] == identity


def test_parts_of_one_video_have_different_identities(make):
    dataset = make('a 4 12 0\na 16 12 0\nmy holiday 0 3 1', with_offset=True)
    names = [dataset[i]['video_id'] for i in range(3)]
    assert names == ['a@4+12', 'a@16+12', 'my holiday@0+3']


def test_path_may_hold_spaces_and_lines_may_be_blank(make, tmp_path):
    dataset = make('\nmy holiday  12 3\n \na 1 0\n')
    assert len(dataset) == 2
    assert dataset[0]['frame_dir'] == str(tmp_path / 'rawframes' / 'my holiday')
    assert (dataset[0]['total_frames'], dataset[0]['label']) == (12, 3)


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a 3 0\n\nb 12', 'line 3: the line has no label; expected "path frames label'),
        ('a', "line 1: the line has no label or number; expected .*, found 'a'"),
        ('a x 0', "frames must be a whole number from 1 on, got 'x'; expected"),
        ('a 0 1', "frames must be a whole number from 1 on, got '0'"),
        ('a -3 1', "frames must be a whole number from 1 on, got '-3'"),
        (
            'my holiday 12',
            "from 1 on, got 'holiday'; expected .*, found 'my holiday 12",
        ),
        ('a 3 one', "line 1: label 'one' is not an integer; expected .path frames lab"),
        ('a 3 12', 'label must be from 0 to 11, got 12'),
        ('a 3 -1', 'label must be from 0 to 11, got -1'),
        ('x.mp4 1', 'expected "path frames label", found an MMAction2 list of videos'),
        ('Archery/v_Archery_g08_c01.avi 1', 'found a UCF101 list'),
        ('', 'list.txt names no video'),
        ('\n \n', 'list.txt names no video'),
    ],
)
def test_faulty_line_is_named(make, text, message):
    with pytest.raises(AnnotationError, match=message) as caught:
        make(text, num_classes=12)
    assert 'list.txt' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
    ('text', 'options', 'message'),
    [
        ('a 3 5', dict(with_offset=True), 'expected "path offset frames label"'),
        ('a -3 5 0', dict(with_offset=True), 'offset must be a whole number from 0 on'),
        ('a 12', dict(multi_class=True), 'the line has no label; expected'),
        ('a', dict(multi_class=True, allow_background=True), 'has no label or number'),
        ('a 12 0 3', dict(multi_class=True), 'from 0 to 2, got 3'),
    ],
)
def test_faulty_line_of_another_kind_of_list(make, text, options, message):
    with pytest.raises(AnnotationError, match=message):
        make(text, num_classes=3, **options)


def test_number_of_classes_is_known_from_their_names(make):
    with pytest.raises(AnnotationError, match='from 0 to 1, got 2'):
        make('a 3 2', metainfo={'classes': ['run', 'jump']})


def test_background_video_has_no_label_where_that_is_allowed(make):
    dataset = make('a 12', multi_class=True, num_classes=3, allow_background=True)
    assert torch.equal(dataset[0]['label'], torch.zeros(3))


def test_missing_folders_are_counted_once_each(make, tmp_path):
    gone = [f'gone_{i} 2 3 0' for i in range(5)]
    (tmp_path / 'rawframes' / 'gone_0').touch()
    with pytest.raises(MissingVideoError) as caught:
        make('\n'.join(['a 1 2 0', *gone, *gone]), with_offset=True)
    message = str(caught.value)
    assert message.startswith('5 of 6 frame folders of ')
    assert 'gone_2, …' in message
    assert 'gone_3' not in message
    assert message.endswith(f"(looked under '{tmp_path / 'rawframes'}')")


@pytest.mark.parametrize(
    ('text', 'options', 'remedy'),
    [
        (
            'x.avi 1 2',
            dict(multi_class=True, num_classes=3),
            '; these are names of videos: give the list of frame folders, which',
        ),
        ('a 0 12 3', {}, '; if numbers follow the path, they are an offset (with_off'),
    ],
)
def test_wrong_kind_of_list_is_told_from_its_folders(make, text, options, remedy):
    with pytest.raises(MissingVideoError, match=re.escape(remedy)):
        make(text, **options)


def test_looking_for_folders_can_be_switched_off(make):
    assert len(make('gone 12 0', check_folders=False)) == 1


def test_folders_elsewhere_are_passed_over(make):
    dataset = make('a 12 0', data_prefix={'img': 's3://bucket/rawframes'})
    assert dataset[0]['frame_dir'] == 's3://bucket/rawframes/a'


@pytest.fixture
def frames(tmp_path):
    def write(name, count, template='flow_{}_{:05}.jpg'):
        for number in range(1, count + 1):
            for axis in 'xy':
                path = tmp_path / 'rawframes' / name / template.format(axis, number)
                path.touch()

    write('a', 4)
    write('b', 4)
    return write


def test_complete_frames_pass(make, frames):
    # the list may count the frames of the video, one more than fields
    assert len(make('a 5 0\nb 4 1\n', modality='Flow', check_frames=True)) == 2
    frames('a', 3, 'warped_{}_{:05}.jpg')
    options = dict(modality='Flow', check_frames=True)
    assert make('a 3 0', filename_tmpl='warped_{}_{:05}.jpg', **options)
    with pytest.raises(FrameFolderError, match='several kinds of optical flow'):
        make('a 3 0', **options)


def test_missing_files_are_found_if_asked_for(make, frames, tmp_path):
    (tmp_path / 'rawframes' / 'a' / 'flow_y_00003.jpg').unlink()
    for axis in 'xy':
        (tmp_path / 'rawframes' / 'b' / f'flow_{axis}_00002.jpg').unlink()
    text = 'a 0 4 0\na 0 2 0\nb 0 4 1\n'
    options = dict(modality='Flow', with_offset=True)
    assert len(make(text, **options)) == 3
    with pytest.raises(FrameFolderError) as caught:
        make(text, check_frames=True, **options)
    message = str(caught.value)
    a, b = (tmp_path / 'rawframes' / name for name in 'ab')
    assert message.startswith(f'2 frame folders of {tmp_path / "list.txt"} cannot be')
    assert f'used: {a}, {b}; the first: 1 of 8 files of the optical flow' in message
    assert 'flow_y_00003.jpg; extract them again' in message
    assert '\n' not in message


def test_fewer_frames_than_the_list_says(make, frames):
    with pytest.raises(FrameFolderError, match=r'says 9 frames, but .* holds 4; extr'):
        make('a 4 0\nb 9 0', modality='Flow', check_frames=True)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(modality='flow'), r"modality must be one of .*'Flow'\], got 'flow'"),
        (dict(multi_class=True), 'multi_class=True needs num_classes'),
    ],
)
def test_wrong_options(make, options, message):
    with pytest.raises(ValueError, match=message):
        make('a 3 0', **options)


def test_lazy_dataset_reads_its_list_later(make):
    dataset = make('a 3\n', lazy_init=True)
    with pytest.raises(AnnotationError):
        dataset.full_init()


def test_errors_keep_their_class_through_the_registry(tmp_path):
    config = dict(type='CheckedRawframeDataset', pipeline=[])
    with (
        DefaultScope.overwrite_default_scope('mmaction'),
        pytest.raises(AnnotationError, match=r'nowhere\.txt does not exist'),
    ):
        DATASETS.build({**config, 'ann_file': str(tmp_path / 'nowhere.txt')})


def test_list_that_is_a_folder(tmp_path):
    with pytest.raises(AnnotationError, match='cannot be read'):
        CheckedRawframeDataset(str(tmp_path), [])


def test_an_archive_stands_for_its_folder(make, tmp_path):
    (tmp_path / 'rawframes' / 'packed.zip').touch()
    (sample,) = [make('packed 12 0\n').get_data_info(0)]
    assert sample['frame_dir'].endswith('rawframes/packed')
    with pytest.raises(MissingVideoError, match='1 of 1 frame folders'):
        make('other 12 0\n')
