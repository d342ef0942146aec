"""THUMOS14's videos and actions as samples."""

import numpy as np
import pytest
import torch
from scipy.io import savemat

from tpn_tsn_plugin.datasets import Thumos14Dataset
from tpn_tsn_plugin.errors import AnnotationError, MissingVideoError

NAME = 'video_validation_{:07}'
NONE = np.zeros((0, 0))


@pytest.fixture
def make(tmp_path):
    fields = (
        'video_name',
        'video_duration_seconds',
        'primary_action_index',
        'secondary_actions_indices',
        'background_video',
    )
    videos = [
        (NAME.format(1), 20.0, 26, 22, 'NO'),
        (NAME.format(2), 30.0, 3, NONE, 'NO'),
        (NAME.format(3), 40.0, 0, NONE, 'YES'),
    ]
    records = np.array(videos, dtype=[(field, object) for field in fields])
    savemat(tmp_path / 'validation_set.mat', dict(validation_videos=records))
    times = tmp_path / 'annotations_val'
    times.mkdir()
    (times / 'detclasslist.txt').write_text('22 CliffDiving\n26 Diving\n')
    (times / 'CliffDiving_val.txt').write_text(f'{NAME.format(1)} 2 3\n')
    (times / 'Diving_val.txt').write_text(
        f'{NAME.format(1)} 1.5 21\n{NAME.format(1)} 21 22\n'
    )
    (tmp_path / 'videos' / 'val').mkdir(parents=True)
    for number in (1, 2, 3):
        (tmp_path / 'videos' / 'val' / f'{NAME.format(number)}.mp4').touch()

    def build(**kwargs):
        options = dict(subset='validation', data_root=str(tmp_path), **kwargs)
        return Thumos14Dataset(
            'validation_set.mat', [], data_prefix=dict(video='videos'), **options
        )

    return build


def test_videos_have_101_classes_and_may_be_background(make, tmp_path):
    dataset = make()
    samples = [dataset[i] for i in range(len(dataset))]
    hot = [torch.nonzero(sample['label'])[:, 0].tolist() for sample in samples]
    assert hot == [[21, 25], [2], []]
    assert {len(sample['label']) for sample in samples} == {101}
    assert [sample['duration'] for sample in samples] == [20.0, 30.0, 40.0]
    assert samples[0]['video_id'] == NAME.format(1)
    folder = tmp_path / 'videos' / 'val'
    assert samples[0]['filename'] == str(folder / f'{NAME.format(1)}.mp4')


def test_instances_lie_inside_their_video(make):
    dataset = make(instances=True, time_dir='annotations_val')
    samples = [dataset[i] for i in range(len(dataset))]
    assert [(s['label'], s['time_span']) for s in samples] == [
        (25, (1.5, 20.0)),
        (21, (2.0, 3.0)),
    ]
    assert samples[1]['video_id'] == f'{NAME.format(1)}@2.00-3.00s#21'


def test_classes_at_the_same_time_have_different_identities(make, tmp_path):
    # every cliff dive is a dive as well
    times = tmp_path / 'annotations_val' / 'Diving_val.txt'
    times.write_text(f'{NAME.format(1)} 2 3\n')
    dataset = make(instances=True, time_dir='annotations_val')
    names = {dataset[i]['video_id'].partition('@')[2] for i in range(len(dataset))}
    assert names == {'2.00-3.00s#21', '2.00-3.00s#25'}


def test_times_of_a_video_that_is_not_in_the_list(make, tmp_path):
    path = tmp_path / 'annotations_val' / 'Diving_val.txt'
    path.write_text(f'{NAME.format(9)} 1 2\n')
    with pytest.raises(AnnotationError, match=f'video {NAME.format(9)} is not in'):
        make(instances=True, time_dir='annotations_val')


def test_missing_videos(make, tmp_path):
    (tmp_path / 'videos' / 'val' / f'{NAME.format(2)}.mp4').unlink()
    with pytest.raises(MissingVideoError, match='1 of 3'):
        make()
    assert len(make(skip_missing=True)) == 2


@pytest.mark.parametrize(
    ('kwargs', 'message'),
    [
        (dict(subset='training'), "one of .*'validation', 'test'.*, got 'training'"),
        (dict(num_classes=20), r'must be one of \[101\], got 20'),
        (dict(instances=True), 'instances=True needs time_dir.*, got None'),
        (dict(time_dir='times'), "instances=False takes no time_dir.*, got 'times'"),
    ],
)
def test_wrong_options(tmp_path, kwargs, message):
    with pytest.raises(ValueError, match=message):
        Thumos14Dataset('validation_set.mat', [], **{'subset': 'test', **kwargs})
