"""The demo data as a dataset: made on first use, read by MMAction2's pipeline."""

from pathlib import Path

import pytest
import torch
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets import TempoDemoDataset
from tpn_tsn_plugin.datasets.tempo_demo import CLASS_NAMES
from tpn_tsn_plugin.errors import DemoDataError, MissingVideoError
from tpn_tsn_plugin.registry import DATASETS

SIZES = {'train': 12, 'val': 12, 'test': 0, 'untrimmed': 4}
PIPELINE = [
    {'type': 'DecordInit'},
    {'type': 'SampleFrames', 'clip_len': 16, 'frame_interval': 4, 'num_clips': 1},
    {'type': 'DecordDecode'},
    {'type': 'FormatShape', 'input_format': 'NCTHW'},
    {'type': 'PackActionInputs'},
]
FIELDS = [
    {'type': 'SegmentSampleFrames', 'clip_len': 5, 'num_clips': 3},
    {'type': 'CheckedRawFrameDecode'},
    {'type': 'OpticalFlowFlip', 'flip_ratio': 0.5},
    {'type': 'FormatShape', 'input_format': 'NCHW'},
    {'type': 'PackActionInputs'},
]


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    return str(tmp_path_factory.mktemp('demo') / 'tempo')


def build(data_root, **kwargs):
    config = {'type': 'TempoDemoDataset', 'data_root': data_root, 'workers': 1}
    with DefaultScope.overwrite_default_scope('mmaction'):
        return DATASETS.build(
            {**config, 'num_videos': SIZES, 'pipeline': PIPELINE, **kwargs}
        )


def test_makes_itself_and_passes_the_pipeline(data_root):
    dataset = build(data_root, split='train')
    assert isinstance(dataset, TempoDemoDataset)
    assert dataset.metainfo['classes'] == CLASS_NAMES
    assert len(dataset) == 12
    labels = set()
    for sample in dataset:
        assert sample['inputs'].shape == (1, 3, 16, 56, 56)
        assert sample['inputs'].dtype == torch.uint8
        labels |= set(sample['data_samples'].gt_label.tolist())
    assert labels == set(range(12))


def test_whole_video_can_be_sampled_in_clips(data_root):
    pipeline = [dict(step) for step in PIPELINE]
    pipeline[1].update(clip_len=8, frame_interval=2, num_clips=4, test_mode=True)
    dataset = build(data_root, split='val', pipeline=pipeline, test_mode=True)
    assert dataset[0]['inputs'].shape == (4, 3, 8, 56, 56)


def test_untrimmed_split_is_multi_label(data_root):
    dataset = build(data_root, split='untrimmed')
    labels = [dataset[index]['data_samples'].gt_label for index in range(4)]
    assert all(label.shape == (12,) for label in labels)
    assert labels[0].sum() >= 2
    assert labels[2].sum() == 1
    assert labels[3].sum() == 0


def test_lazy_dataset_makes_nothing_until_it_is_used(tmp_path):
    sizes = {'train': 1, 'val': 0, 'test': 0, 'untrimmed': 0}
    root = tmp_path / 'tempo'
    dataset = build(str(root), num_videos=sizes, lazy_init=True)
    assert not root.exists()
    dataset.full_init()
    assert root.is_dir()


def test_other_options_are_refused(data_root):
    build(data_root)
    with pytest.raises(DemoDataError, match='seed is 0, asked for 7'):
        build(data_root, seed=7)
    with pytest.raises(DemoDataError, match='train is 12, asked for 480'):
        build(data_root, num_videos=None)


def test_unknown_split_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"split must be one of .*, got 'valid'"):
        build(str(tmp_path / 'tempo'), split='valid')
    assert list(tmp_path.iterdir()) == []


def test_videos_can_lie_elsewhere_only_if_they_do(data_root, tmp_path):
    with pytest.raises(MissingVideoError):
        build(data_root, data_prefix={'video': str(tmp_path)})


@pytest.mark.parametrize('find', [[], [{'type': 'FindFrames'}]])
def test_optical_flow_passes_the_pipeline(data_root, find):
    dataset = build(data_root, modality='Flow', pipeline=[*find, *FIELDS])
    assert len(dataset) == 12
    for sample in dataset:
        assert sample['inputs'].shape == (3, 10, 56, 56)
        assert sample['inputs'].dtype == torch.uint8
    # nothing moves in most of the picture
    assert abs(sample['inputs'].float().median() - 128) <= 2


def test_optical_flow_has_a_field_less_than_frames(data_root):
    sample = build(data_root, modality='Flow', pipeline=[])[5]
    assert sample['total_frames'] == 63
    assert sample['start_index'] == 1
    assert sample['avg_fps'] == 16.0
    assert sample['modality'] == 'Flow'
    # read as RGB, a sample that says 'Flow' would pass unnoticed
    assert 'filename' not in sample
    files = {path.name for path in Path(sample['frame_dir']).iterdir()}
    assert files == {f'flow_{a}_{n:05}.jpg' for a in 'xy' for n in range(1, 64)}


def test_only_the_split_that_is_asked_for_is_extracted(data_root, tmp_path):
    root = tmp_path / 'tempo'
    sizes = {'train': 1, 'val': 2, 'test': 0, 'untrimmed': 0}
    build(str(root), num_videos=sizes)
    assert not (tmp_path / 'tempo_optical_flow').exists()
    build(str(root), num_videos=sizes, split='val', modality='Flow')
    made = (tmp_path / 'tempo_optical_flow').iterdir()
    assert [path.name for path in made if path.is_dir()] == ['val']


def test_identity_is_the_same_for_both_modalities(data_root):
    rgb = build(data_root, split='train', pipeline=[])
    fields = build(data_root, split='train', pipeline=[], modality='Flow')
    names = [sample['video_id'] for sample in rgb]
    assert names == [sample['video_id'] for sample in fields]
    assert names[1] == 'videos/train/train_00001.mp4'
    assert [sample['label'] for sample in rgb] == [s['label'] for s in fields]


def test_identity_reaches_the_prediction(data_root):
    sample = build(data_root, split='val')[3]
    assert sample['data_samples'].video_id == 'videos/val/val_00003.mp4'


@pytest.mark.parametrize('modality', ['RGB', 'Flow'])
def test_untrimmed_videos_are_sampled_once_a_second(tmp_path, modality):
    rgb = [{'type': 'DecordInit'}, {'type': 'FixedRateSampleFrames'}]
    fields = [{'type': 'FixedRateSampleFrames', 'clip_len': 5}]
    (sample,) = build(
        str(tmp_path / 'tempo'),
        num_videos={'train': 0, 'val': 0, 'test': 0, 'untrimmed': 1},
        split='untrimmed',
        modality=modality,
        pipeline=rgb if modality == 'RGB' else fields,
    )
    assert 20 <= sample['num_clips'] <= 36
    assert sample['num_clips'] == round(sample['total_frames'] / 16)
    assert sample['label'].sum() >= 2


def test_untrimmed_training_split(tmp_path):
    sizes = {'train': 0, 'val': 0, 'test': 0, 'untrimmed': 1, 'untrimmed_train': 3}
    root = str(tmp_path / 'tempo')
    dataset = build(root, num_videos=sizes, split='untrimmed_train')
    assert len(dataset) == 3
    assert dataset[0]['data_samples'].gt_label.sum() >= 2
    assert len(build(root, num_videos=sizes, split='untrimmed')) == 1


def test_split_without_videos_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"'untrimmed_train' has no videos; .*=48\)"):
        build(str(tmp_path / 'tempo'), split='untrimmed_train')
    assert list(tmp_path.iterdir()) == []


def test_unknown_modality_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"modality must be one of .*, got 'Audio'"):
        build(str(tmp_path / 'tempo'), modality='Audio')


def test_motion_and_tempo_as_two_labels(data_root):
    plain, tasks = (build(data_root, split='train', tasks=t) for t in (False, True))
    names = [name.rsplit('_', 1) for name in CLASS_NAMES]
    motions = list(dict.fromkeys(motion for motion, _ in names))
    tempi = list(dict.fromkeys(tempo for _, tempo in names))
    for one, two in zip(plain, tasks, strict=True):
        motion, tempo = names[one['data_samples'].gt_label.item()]
        expected = [motions.index(motion), tempi.index(tempo)]
        assert two['data_samples'].gt_label.tolist() == expected


def test_untrimmed_videos_have_no_two_labels(data_root):
    with pytest.raises(ValueError, match='tasks=True needs one of the splits'):
        build(data_root, split='untrimmed', tasks=True)
