"""ActivityNet's videos and actions as samples."""

import json

import numpy as np
import pytest
import torch
from mmaction.datasets.transforms import DecordDecode, DecordInit, SampleFrames
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets import ActivityNetVideoDataset
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.datasets.transforms.select_time_span import SelectTimeSpan
from tpn_tsn_plugin.errors import AnnotationError, MissingVideoError
from tpn_tsn_plugin.registry import DATASETS


def video(subset, duration, *annotations):
    actions = [dict(label=label, segment=times) for label, *times in annotations]
    return dict(subset=subset, duration=duration, annotations=actions)


DATABASE = {
    'aB': video(
        'training', 8.0, ('Surfing', 0.5, 2), ('Archery', 4, 9), ('Surfing', 9, 9.5)
    ),
    'c-D': video('training', 5.0),
    'eF': video('validation', 5.0, ('Surfing', 0, 5)),
    'gH': video('testing', 5.0),
}


@pytest.fixture
def make(tmp_path):
    (tmp_path / 'anet.json').write_text(json.dumps(dict(database=DATABASE)))
    (tmp_path / 'videos' / 'val').mkdir(parents=True)
    for name in ('v_aB.mkv', 'c-D.mp4', 'val/v_eF.webm'):
        (tmp_path / 'videos' / name).touch()

    def build(subset='training', **kwargs):
        return ActivityNetVideoDataset(
            'anet.json',
            [],
            subset=subset,
            data_root=str(tmp_path),
            data_prefix=dict(video='videos'),
            **kwargs,
        )

    return build


def test_videos_have_multi_hot_labels(make, tmp_path):
    dataset = make()
    first, background = dataset[0], dataset[1]
    assert first['filename'] == str(tmp_path / 'videos' / 'v_aB.mkv')
    assert torch.equal(first['label'], torch.tensor([1.0, 1.0]))
    assert (first['video_id'], first['duration']) == ('aB', 8.0)
    assert (first['modality'], first['start_index']) == ('RGB', 0)
    assert 'time_span' not in first
    assert background['filename'] == str(tmp_path / 'videos' / 'c-D.mp4')
    assert torch.equal(background['label'], torch.zeros(2))
    assert dataset.metainfo['classes'] == ('Archery', 'Surfing')
    assert len(dataset) == 2


def test_instances_have_one_label_and_a_time_span(make):
    dataset = make(instances=True)
    samples = [dataset[i] for i in range(len(dataset))]
    # published times beyond the end are cut, or left out where nothing remains
    assert [(s['label'], s['time_span']) for s in samples] == [
        (1, (0.5, 2.0)),
        (0, (4.0, 8.0)),
    ]
    assert [s['video_id'] for s in samples] == ['aB@0.50-2.00s#1', 'aB@4.00-8.00s#0']


def test_action_that_is_listed_twice_has_two_identities(make, tmp_path):
    action = ('Surfing', 0.5, 2)
    database = {'aB': video('training', 8.0, action, action)}
    (tmp_path / 'anet.json').write_text(json.dumps(dict(database=database)))
    dataset = make(instances=True)
    names = [dataset[i]['video_id'] for i in range(len(dataset))]
    assert names == ['aB@0.50-2.00s#0', 'aB@0.50-2.00s#0 (2)']


def test_validation_videos_in_a_folder_of_their_own(make):
    assert make('validation')[0]['filename'].endswith('videos/val/v_eF.webm')


def test_missing_videos(make):
    with pytest.raises(
        MissingVideoError, match=r'1 of 1 .*v_gH\.mp4; check data_prefi'
    ):
        make('testing')
    assert make('testing', check_videos=False)[0]['label'].tolist() == [0, 0]


def test_missing_videos_are_left_out_if_asked_for(make, tmp_path):
    (tmp_path / 'videos' / 'c-D.mp4').unlink()
    with pytest.raises(MissingVideoError, match=r'1 of 2 .*skip_missing=True'):
        make()
    dataset = make(skip_missing=True)
    assert [dataset[i]['video_id'] for i in range(len(dataset))] == ['aB']


@pytest.mark.parametrize(
    ('kwargs', 'error', 'message'),
    [
        (dict(subset='val'), ValueError, "one of .*'testing'.*, got 'val'"),
        (dict(num_classes=200), AnnotationError, 'has 2 classes, but num_classes=200'),
        (
            dict(subset='testing', instances=True),
            AnnotationError,
            "names no action of subset='testing'",
        ),
    ],
)
def test_wrong_options(make, kwargs, error, message):
    with pytest.raises(error, match=message):
        make(**kwargs)


def test_all_actions_outside_their_video(make, tmp_path):
    database = {'aB': video('training', 8.0, ('Surfing', 9, 9.5))}
    (tmp_path / 'anet.json').write_text(json.dumps(dict(database=database)))
    message = r'all 1 actions .* lie outside their video: aB at 9 to 9.5 s; restore'
    with pytest.raises(AnnotationError, match=message):
        make(instances=True)


def test_lazy_dataset_reads_its_file_later(make, tmp_path):
    dataset = make(lazy_init=True)
    (tmp_path / 'anet.json').write_text('{}')
    with pytest.raises(AnnotationError, match='expected an ActivityNet file'):
        dataset.full_init()


def test_packed_sample_keeps_label_and_identity(make, tmp_path):
    # where a video is there twice, the suffix decides
    write_video(tmp_path / 'videos' / 'v_aB.mp4', np.zeros((64, 32, 32, 3), 'uint8'), 8)
    pipeline = [
        dict(type='DecordInit'),
        dict(type='SampleFrames', clip_len=1, frame_interval=1, num_clips=3),
        dict(type='DecordDecode'),
        dict(type='FormatShape', input_format='NCHW'),
        dict(type='PackActionInputs'),
    ]
    with DefaultScope.overwrite_default_scope('mmaction'):
        dataset = DATASETS.build(
            dict(
                type='ActivityNetVideoDataset',
                ann_file=str(tmp_path / 'anet.json'),
                data_prefix=dict(video=str(tmp_path / 'videos')),
                pipeline=pipeline,
                subset='training',
                num_classes=2,
            )
        )
        packed = dataset[0]
    assert packed['inputs'].shape == (3, 3, 32, 32)
    assert packed['data_samples'].gt_label.tolist() == [1, 1]
    assert packed['data_samples'].metainfo['video_id'] == 'aB'


def test_frames_come_from_the_time_span(make, tmp_path):
    # second s of the video has the grey value 25 s
    grey = np.repeat(np.arange(8, dtype='uint8') * 25, 8)
    frames = np.broadcast_to(grey[:, None, None, None], (64, 32, 32, 3))
    write_video(tmp_path / 'videos' / 'v_aB.mp4', np.ascontiguousarray(frames), 8)
    dataset = make(instances=True)
    dataset.pipeline = Compose(
        [
            DecordInit(),
            SelectTimeSpan(),
            SampleFrames(clip_len=1, frame_interval=1, num_clips=4, test_mode=True),
            DecordDecode(),
        ]
    )
    seconds = np.mean(dataset[1]['imgs'], axis=(1, 2, 3)) / 25
    assert seconds.round().tolist() == [4, 5, 6, 7]
