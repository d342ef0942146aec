"""Annotation lists are checked, line by line, before anything runs."""

import re

import pytest
import torch
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets import CheckedVideoDataset
from tpn_tsn_plugin.errors import AnnotationError, MissingVideoError
from tpn_tsn_plugin.registry import DATASETS

VIDEOS = ('a.mp4', 'b.mp4', 'my holiday.mp4')


@pytest.fixture
def make(tmp_path):
    (tmp_path / 'videos').mkdir()
    for name in VIDEOS:
        (tmp_path / 'videos' / name).touch()

    def build(text, **kwargs):
        (tmp_path / 'list.txt').write_text(text)
        options = {'data_prefix': {'video': 'videos'}, **kwargs}
        return CheckedVideoDataset(
            'list.txt', pipeline=[], data_root=str(tmp_path), **options
        )

    return build


def test_good_list_reads_as_in_mmaction2(make, tmp_path):
    dataset = make('a.mp4 0\n\nb.mp4 11\n', num_classes=12)
    assert [dataset.get_data_info(i)['label'] for i in range(2)] == [0, 11]
    assert dataset[1]['filename'] == str(tmp_path / 'videos' / 'b.mp4')
    assert dataset[1]['modality'] == 'RGB'


def test_path_may_hold_spaces(make, tmp_path):
    dataset = make('my holiday.mp4 3')
    assert dataset[0]['filename'] == str(tmp_path / 'videos' / 'my holiday.mp4')
    assert dataset[0]['label'] == 3


@pytest.mark.parametrize(
    ('prefix', 'name', 'identity'),
    [
        ('videos', 'a.mp4', 'a'),
        ('./videos/', './sub//v.1.b.avi', 'sub/v.1.b'),
        ('', 'videos/a.mp4', 'videos/a'),
        ('videos', '/elsewhere/a.mp4', '/elsewhere/a'),
        ('s3://bucket/videos', 'x/a.mp4', 'x/a'),
    ],
)
def test_identity_is_the_path_below_the_prefix(make, prefix, name, identity):
    dataset = make(f'{name} 0', data_prefix={'video': prefix}, check_videos=False)
    assert dataset[0]['video_id'] == identity


def test_absolute_path_below_the_prefix_has_the_same_identity(make, tmp_path):
    assert make(f'{tmp_path}/videos/a.mp4 0')[0]['video_id'] == 'a'


def test_other_delimiter(make):
    assert make('a.mp4,1\nmy holiday.mp4,2', delimiter=',')[1]['label'] == 2


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.mp4 0\nb.mp4\n', 'line 2: \'b.mp4\' has no label; expected "path label"'),
        ('\na.mp4 one\n', "line 2: label 'one' is not an integer"),
        ('my holiday.mp4', "line 1: label 'holiday.mp4' is not an integer"),
        ('a.mp4 1.0', "line 1: label '1.0' is not an integer"),
        ('a.mp4 12', 'line 1: label must be from 0 to 11, got 12'),
        ('a.mp4 -1', 'line 1: label must be from 0 to 11, got -1'),
        ('', 'names no video'),
        ('\n \n', 'names no video'),
    ],
)
def test_faulty_line_is_named(make, text, message):
    with pytest.raises(AnnotationError, match=re.escape(message)) as caught:
        make(text, num_classes=12)
    assert 'list.txt' in str(caught.value)
    assert '\n' not in str(caught.value)


def test_number_of_classes_is_known_from_their_names(make):
    with pytest.raises(AnnotationError, match='from 0 to 1, got 2'):
        make('a.mp4 2', metainfo={'classes': ['run', 'jump']})


def test_negative_label_is_refused_without_number_of_classes(make):
    with pytest.raises(AnnotationError, match='from 0, got -3'):
        make('a.mp4 -3')


def test_missing_list_is_named(tmp_path):
    with pytest.raises(AnnotationError, match=r'nowhere\.txt does not exist'):
        CheckedVideoDataset('nowhere.txt', [], data_root=str(tmp_path))


def test_missing_videos_are_counted_and_the_folder_named(make, tmp_path):
    text = 'a.mp4 0\n' + ''.join(f'gone_{i}.mp4 0\n' for i in range(5))
    with pytest.raises(MissingVideoError) as caught:
        make(text)
    message = str(caught.value)
    assert message.startswith('5 of 6 videos')
    assert 'gone_2.mp4, …' in message
    assert 'gone_3.mp4' not in message
    assert str(tmp_path / 'videos') in message
    assert '\n' not in message


def test_missing_folder_is_a_missing_video(make):
    with pytest.raises(MissingVideoError, match=r'1 of 1 videos .*nowhere'):
        make('a.mp4 0', data_prefix={'video': 'nowhere'})


def test_looking_for_videos_can_be_switched_off(make):
    assert len(make('gone.mp4 0', check_videos=False)) == 1


def test_multi_class_list(make):
    dataset = make('a.mp4 0 2\nb.mp4 1\n', multi_class=True, num_classes=3)
    assert torch.equal(dataset[0]['label'], torch.tensor([1.0, 0.0, 1.0]))


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('a.mp4 0 x', "label 'x' is not an integer"),
        ('a.mp4 0 3', 'from 0 to 2, got 3'),
        ('a.mp4', "'a.mp4' has no label"),
    ],
)
def test_faulty_multi_class_line_is_named(make, text, message):
    with pytest.raises(AnnotationError, match=message):
        make(text, multi_class=True, num_classes=3)


def test_background_video_has_no_label_where_that_is_allowed(make):
    dataset = make('a.mp4\n', multi_class=True, num_classes=3, allow_background=True)
    assert torch.equal(dataset[0]['label'], torch.zeros(3))


def test_lazy_dataset_reads_its_list_later(make):
    dataset = make('a.mp4\n', lazy_init=True)
    with pytest.raises(AnnotationError):
        dataset.full_init()


def test_errors_keep_their_class_through_the_registry(tmp_path):
    (tmp_path / 'list.txt').write_text('a.mp4')
    config = {'type': 'CheckedVideoDataset', 'pipeline': []}
    with (
        DefaultScope.overwrite_default_scope('mmaction'),
        pytest.raises(AnnotationError, match='has no label'),
    ):
        DATASETS.build({**config, 'ann_file': str(tmp_path / 'list.txt')})


def test_real_clips(media_dir, tmp_path):
    name = 'arm_wrestling.mp4'
    (tmp_path / 'list.txt').write_text(f'{name} 1\n')
    pipeline = [
        {'type': 'mmaction.DecordInit'},
        {'type': 'mmaction.SampleFrames', 'clip_len': 8, 'frame_interval': 2},
        {'type': 'mmaction.DecordDecode'},
        {'type': 'mmaction.Resize', 'scale': (32, 32), 'keep_ratio': False},
        {'type': 'mmaction.FormatShape', 'input_format': 'NCTHW'},
        {'type': 'mmaction.PackActionInputs'},
    ]
    dataset = CheckedVideoDataset(
        str(tmp_path / 'list.txt'), pipeline, data_prefix={'video': str(media_dir)}
    )
    assert dataset[0]['inputs'].shape == (1, 3, 8, 32, 32)
    sample = dataset[0]['data_samples']
    assert sample.gt_label.tolist() == [1]
    # MMAction2's own defaults pack it
    assert sample.metainfo['video_id'] == 'arm_wrestling'


def test_list_in_another_encoding(tmp_path):
    (tmp_path / 'list.txt').write_bytes('größe.mp4 0\n'.encode('latin-1'))
    with pytest.raises(AnnotationError, match=r'list.txt is not UTF-8 text .* byte 2'):
        CheckedVideoDataset(str(tmp_path / 'list.txt'), [])


def test_multi_class_needs_the_number_of_classes(tmp_path):
    with pytest.raises(ValueError, match='multi_class=True needs num_classes'):
        CheckedVideoDataset(str(tmp_path / 'list.txt'), [], multi_class=True)


def test_blanks_before_the_label_are_no_part_of_the_path(tmp_path):
    (tmp_path / 'a b.mp4').touch()
    (tmp_path / 'list.txt').write_text('a b.mp4   0\n')
    prefix = {'video': str(tmp_path)}
    dataset = CheckedVideoDataset(str(tmp_path / 'list.txt'), [], data_prefix=prefix)
    assert dataset.get_data_info(0)['filename'] == str(tmp_path / 'a b.mp4')
