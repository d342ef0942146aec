"""Templates, first indices and numbers of frames, found from folders."""

import os
import re

import numpy as np
import pytest
from mmaction.datasets import RawframeDataset
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets.transforms import (
    CheckedRawFrameDecode,
    FindFrames,
    FindPairedFrames,
    SegmentSampleFrames,
)
from tpn_tsn_plugin.errors import AnnotationError, FrameFolderError, PluginError
from tpn_tsn_plugin.registry import TRANSFORMS


@pytest.fixture
def folder(tmp_path):
    return tmp_path / 'video'


def touch(folder, *names):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def numbered(template, *numbers, axes=''):
    return [template.format(*a, n) for n in numbers for a in axes or ['']]


def found(folder, modality='RGB', template=None, **annotated):
    sample = {'frame_dir': str(folder), 'modality': modality, **annotated}
    return FindFrames(template)(sample)


@pytest.mark.parametrize(
    ('template', 'first'),
    [
        ('img_{:05}.jpg', 1),
        ('img_{:05}.jpg', 0),
        ('frame_{:010}.jpg', 1),
        ('{:05}.jpg', 1),
        ('v_2_{:06}.png', 7),
        ('{:06}.jpeg', 0),
        ('boxy_{:05}.jpg', 1),
        ('image-{:}.JPG', 8),
        ('{{a}}_{:03}.jpg', 98),
    ],
)
def test_rgb_names(folder, template, first):
    touch(folder, *numbered(template, *range(first, first + 5)), 'notes.txt', 'a.jpg')
    results = found(folder)
    assert (results['start_index'], results['total_frames']) == (first, 5)
    for number in range(first, first + 5):
        assert results['filename_tmpl'].format(number) == template.format(number)


@pytest.mark.parametrize(
    'template',
    [
        'flow_{0}_{1:05}.jpg',
        '{0}_{1:05}.jpg',
        'flow_{0}/{1:05}.jpg',
        '{0}/{1:06}.png',
        '{0}/frame{1:06}.jpg',
        'flow_{0}/flow_{0}_{1:05}.jpg',
        'flow-{0}{1:04}.jpg',
    ],
)
@pytest.mark.parametrize('first', [0, 1])
def test_optical_flow_names(folder, template, first):
    numbers = range(first, first + 4)
    touch(folder, *(template.format(a, n) for n in numbers for a in 'xy'))
    results = found(folder, 'Flow')
    assert (results['start_index'], results['total_frames']) == (first, 4)
    for axis in 'xy':
        name = template.format(axis, np.int32(first))
        assert results['filename_tmpl'].format(axis, np.int32(first)) == name


def test_both_modalities_lie_in_one_folder(media_dir):
    rgb, flow = (found(media_dir / 'frames', modality) for modality in ('RGB', 'Flow'))
    assert rgb['filename_tmpl'].format(3) == 'img_00003.jpg'
    assert flow['filename_tmpl'].format('x', 3) == 'x_00003.jpg'
    assert rgb['start_index'] == flow['start_index'] == 1
    assert rgb['total_frames'] == flow['total_frames'] == 5


@pytest.mark.parametrize(
    ('modality', 'shape'), [('RGB', (240, 320, 3)), ('Flow', (240, 320, 2))]
)
def test_mmaction2_reads_what_was_found(media_dir, tmp_path, modality, shape):
    (tmp_path / 'list.txt').write_text('frames 5 1\n')
    pipeline = [FindFrames(), SegmentSampleFrames(2, 2, test_mode=True)]
    with DefaultScope.overwrite_default_scope('mmaction'):
        dataset = RawframeDataset(
            str(tmp_path / 'list.txt'),
            [*pipeline, CheckedRawFrameDecode()],
            data_prefix={'img': str(media_dir)},
            filename_tmpl='wrong_{:03}.png',
            start_index=0,
            modality=modality,
        )
    sample = dataset[0]
    assert sample['frame_inds'].tolist() == [2, 3, 4, 5]
    assert [image.shape for image in sample['imgs']] == [shape] * 4


def test_lone_x_in_a_name_is_no_optical_flow(folder):
    touch(folder, *numbered('x_{:05}.jpg', 1, 2))
    assert found(folder)['filename_tmpl'].format(2) == 'x_00002.jpg'


def test_numbers_may_outgrow_their_width(folder):
    touch(folder, *numbered('{:02}.jpg', *range(98, 103)))
    results = found(folder)
    assert (results['start_index'], results['total_frames']) == (98, 5)
    assert results['filename_tmpl'].format(102) == '102.jpg'


def error(folder, *args, kind=FrameFolderError, **kwargs):
    with pytest.raises(kind) as caught:
        found(folder, *args, **kwargs)
    message = str(caught.value)
    assert isinstance(caught.value, PluginError)
    assert str(folder) in message
    assert '\n' not in message
    return message


def test_gaps_in_optical_flow_are_named(folder):
    touch(folder, *numbered('flow_{}_{:05}.jpg', 1, 2, 4, 8, axes='xy'))
    message = error(folder, 'Flow')
    assert '8 of 16 files of the optical flow' in message
    assert 'flow_x_00003.jpg, flow_y_00003.jpg, flow_x_00005.jpg, …' in message
    assert 'extract them again' in message


def test_x_without_y_is_named(folder):
    touch(folder, *numbered('flow_{}_{:05}.jpg', 1, 2, 3, axes='xy'))
    os.remove(folder / 'flow_y_00003.jpg')
    assert '1 of 6 files' in error(folder, 'Flow')
    assert 'missing: flow_y_00003.jpg; extract' in error(folder, 'Flow')


def test_all_of_y_missing(folder):
    touch(folder, *numbered('flow_{}_{:05}.jpg', 1, 2, 3, axes='x'))
    message = error(folder, 'Flow')
    assert '3 of 6 files' in message
    assert 'flow_y_00001.jpg, flow_y_00002.jpg, flow_y_00003.jpg;' in message


def test_gaps_in_rgb_frames_are_named(folder):
    touch(folder, *numbered('img_{:05}.jpg', 1, 2, 4))
    assert '1 of 4 files of the RGB frames' in error(folder)
    assert 'missing: img_00003.jpg;' in error(folder)


def test_several_kinds_are_listed_and_one_can_be_chosen(folder):
    touch(folder, *numbered('img_{:05}.jpg', 1, 2), *numbered('{:03}.png', 0, 1, 2))
    message = error(folder)
    assert 'several kinds of RGB frames' in message
    assert '{:03}.png (3 files), img_{:05}.jpg (2 files)' in message
    assert re.search(r"filename_tmpl='(\{:03}\.png|img_\{:05}\.jpg)'", message)
    assert found(folder, template='img_{:05d}.jpg')['total_frames'] == 2
    assert found(folder, template='{:03}.png')['total_frames'] == 3


def test_several_kinds_of_optical_flow(folder):
    touch(folder, *numbered('flow_{}_{:05}.jpg', 1, 2, axes='xy'))
    touch(folder, *numbered('warped_{}_{:05}.jpg', 1, 2, 3, axes='xy'))
    message = error(folder, 'Flow')
    assert 'flow_{0}_{1:05}.jpg (4 files), warped_{0}_{1:05}.jpg (6 files)' in message
    assert found(folder, 'Flow', 'warped_{}_{:05}.jpg')['total_frames'] == 3


@pytest.mark.parametrize('template', ['img_{:04}.jpg', 'x_{}_{}.jpg', '{name}', '{'])
def test_template_that_fits_nothing(folder, template):
    touch(folder, *numbered('img_{:05}.jpg', 1, 2))
    message = error(folder, template=template)
    assert f'expected {template}, found img_{{:05}}.jpg (2 files)' in message


def test_empty_folder(folder):
    folder.mkdir()
    assert 'holds no RGB frames: expected files such as img_' in error(folder)
    message = error(folder, 'Flow')
    assert 'pairs such as flow_x_00001.jpg and flow_y_00001.jpg' in message
    assert 'found no numbered jpg or png file' in message


@pytest.mark.parametrize('template', ['{}/frame_{:010}.jpg', 'flow_{}_{:05}.jpg'])
def test_u_and_v_are_to_be_called_x_and_y(folder, template):
    touch(folder, *numbered(template, 1, 2, axes='uv'))
    message = error(folder, 'Flow')
    assert message.endswith(
        '; optical flow is read as x and y: rename u to flow_x and v to flow_y, or '
        'make links of these names'
    )
    assert 'flow_x and' not in error(folder, 'RGB')


def test_links_to_u_and_v(folder):
    touch(folder, *numbered('{}/frame_{:010}.jpg', 1, 2, axes='uv'))
    (folder / 'flow_x').symlink_to('u')
    (folder / 'flow_y').symlink_to('v')
    assert found(folder, 'Flow')['filename_tmpl'] == 'flow_{0}/frame_{1:010}.jpg'


def test_rgb_frames_do_not_mind_optical_flow_without_y(folder):
    touch(folder, *numbered('img_{:05}.jpg', 1, 2), *numbered('flow_x_{:05}.jpg', 1))
    assert found(folder)['total_frames'] == 2


def test_rgb_folder_in_place_of_optical_flow(folder):
    touch(folder, *numbered('img_{:05}.jpg', 1, 2))
    assert 'found img_{:05}.jpg (2 files)' in error(folder, 'Flow')


def test_missing_folder(folder):
    assert 'does not exist; check frame_dir' in error(folder)


def test_numbers_of_several_widths(folder):
    touch(folder, *numbered('img_{:05}.jpg', 1, 2), *numbered('img_{:03}.jpg', 3, 4))
    message = error(folder)
    assert 'several widths' in message
    assert 'rename the files' in message


def test_unknown_modality(folder):
    with pytest.raises(ValueError, match=r"modality must be one of .* got 'Pose'"):
        found(folder, 'Pose')


@pytest.mark.parametrize(
    ('modality', 'annotated', 'total'),
    [
        ('RGB', {}, 10),
        ('RGB', {'total_frames': 10}, 10),
        ('RGB', {'total_frames': 6}, 6),
        ('RGB', {'total_frames': 6, 'offset': 4}, 6),
        ('RGB', {'offset': 4}, 6),
        # the list counts frames, of which there is one more than fields
        ('Flow', {'total_frames': 11}, 10),
        ('Flow', {'total_frames': 7, 'offset': 4}, 6),
    ],
)
def test_annotation_may_take_a_part(folder, modality, annotated, total):
    touch(folder, *numbered('img_{:05}.jpg', *range(1, 11)))
    touch(folder, *numbered('flow_{}_{:05}.jpg', *range(1, 11), axes='xy'))
    assert found(folder, modality, **annotated)['total_frames'] == total


@pytest.mark.parametrize(
    ('modality', 'annotated', 'message'),
    [
        ('RGB', {'total_frames': 11}, 'says 11 frames, but'),
        ('RGB', {'total_frames': 7, 'offset': 4}, 'says 7 frames after the first 4'),
        ('Flow', {'total_frames': 12}, 'says 12 frames, but'),
        ('RGB', {'offset': 10}, 'after the first 10'),
    ],
)
def test_annotation_of_more_frames_than_there_are(folder, modality, annotated, message):
    touch(folder, *numbered('img_{:05}.jpg', *range(1, 11)))
    touch(folder, *numbered('flow_{}_{:05}.jpg', *range(1, 11), axes='xy'))
    text = error(folder, modality, kind=AnnotationError, **annotated)
    assert message in text
    assert 'holds 10; extract the video again or correct the list' in text


@pytest.mark.parametrize('step', [FindFrames, FindPairedFrames])
def test_video_in_place_of_a_folder(step):
    sample = {'filename': 'a.mp4', 'modality': 'RGB', 'total_frames': 8}
    with pytest.raises(FrameFolderError) as caught:
        step()(sample)
    assert str(caught.value) == (
        f'{step.__name__} reads folders of frames, got the video a.mp4; `tpn-tsn '
        'predict` takes videos with such configs too, and computes optical flow itself'
    )


def test_folder_is_listed_once(folder):
    touch(folder, *numbered('img_{:05}.jpg', 1, 2))
    find = FindFrames()
    sample = {'frame_dir': str(folder), 'modality': 'RGB'}
    assert find(dict(sample))['total_frames'] == 2
    os.remove(folder / 'img_00001.jpg')
    assert find(dict(sample))['total_frames'] == 2


def test_is_registered():
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = TRANSFORMS.build({'type': 'FindFrames', 'filename_tmpl': '{:05}.jpg'})
    assert repr(built) == "FindFrames(filename_tmpl='{:05}.jpg')"
