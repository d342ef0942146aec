"""The demo data as a dataset: made on first use, read by MMAction2's pipeline."""

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
