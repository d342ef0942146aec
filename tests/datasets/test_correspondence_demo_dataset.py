"""The correspondence task as a dataset: made on first use, read by the pipeline."""

import json

import cv2
import numpy as np
import pytest
import torch
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets import CorrespondenceDemoDataset
from tpn_tsn_plugin.datasets.tempo_demo import (
    CONTACT_SHEET,
    CORRESPONDENCE,
    TempoOptions,
    generate,
)
from tpn_tsn_plugin.errors import DemoDataError
from tpn_tsn_plugin.registry import DATASETS

SIZES = {'train': 18, 'val': 2, 'test': 0}
PIPELINE = [
    {'type': 'DecordInit'},
    {'type': 'SegmentSampleFrames', 'clip_len': 6, 'num_clips': 1},
    {'type': 'DecordDecode'},
    {'type': 'FormatShape', 'input_format': 'NCHW'},
    {'type': 'PackActionInputs'},
]
FIELDS = [
    {'type': 'SegmentSampleFrames', 'clip_len': 5, 'num_clips': 1},
    {'type': 'CheckedRawFrameDecode'},
    {'type': 'FormatShape', 'input_format': 'NCHW'},
    {'type': 'PackActionInputs'},
]


@pytest.fixture(scope='module')
def data_root(tmp_path_factory):
    return str(tmp_path_factory.mktemp('demo') / 'correspondence')


def build(data_root, **kwargs):
    config = {'type': 'CorrespondenceDemoDataset', 'data_root': data_root}
    with DefaultScope.overwrite_default_scope('mmaction'):
        return DATASETS.build(
            {
                **config,
                'num_videos': SIZES,
                'workers': 1,
                'pipeline': PIPELINE,
                **kwargs,
            }
        )


def test_makes_itself_and_passes_the_pipeline(data_root):
    dataset = build(data_root)
    assert isinstance(dataset, CorrespondenceDemoDataset)
    assert dataset.metainfo['classes'] == CORRESPONDENCE.class_names
    assert len(dataset) == 18
    for index, sample in enumerate(dataset):
        assert sample['inputs'].shape == (6, 3, 64, 64)
        assert sample['inputs'].dtype == torch.uint8
        assert sample['data_samples'].gt_label.item() == index % 16


def test_optical_flow_passes_the_pipeline(data_root):
    dataset = build(data_root, modality='Flow', pipeline=FIELDS)
    assert len(dataset) == 18
    assert dataset[0]['inputs'].shape == (1, 10, 64, 64)
    assert build(data_root, modality='Flow', pipeline=[])[0]['total_frames'] == 31


def test_identity_has_no_suffix_and_is_that_of_both_modalities(data_root):
    rgb, fields = (
        [sample['video_id'] for sample in build(data_root, modality=m, pipeline=[])]
        for m in ('RGB', 'Flow')
    )
    assert rgb == fields
    assert rgb[1] == 'videos/train/train_00001'
    packed = build(data_root, split='val')[1]['data_samples']
    assert packed.video_id == 'videos/val/val_00001'


def test_folder_has_list_truth_classes_and_contact_sheet(data_root, tmp_path):
    root = tmp_path / 'made'
    build(str(root))
    lines = (root / 'train.txt').read_text().splitlines()
    truth = json.loads((root / 'train_truth.json').read_text())
    assert lines == [f'{entry["path"]} {entry["label"]}' for entry in truth]
    names = (root / 'classes.txt').read_text().splitlines()
    assert names == list(CORRESPONDENCE.class_names)
    manifest = json.loads((root / 'manifest.json').read_text())
    assert manifest['counts'] == SIZES
    assert manifest['parameters']['generator'] == 'correspondence'
    sheet = cv2.imread(str(root / CONTACT_SHEET))
    # rows of pictures, counted where the first column of frames stands
    dark = (sheet[:, 212:290].mean(axis=(1, 2)) < 190).astype(int)
    tall_enough = np.diff(np.flatnonzero(np.diff(dark)))[::2] > 60
    assert tall_enough.sum() == 16


def test_folder_of_the_other_task_is_refused(tmp_path):
    root = tmp_path / 'tempo'
    generate(root, TempoOptions(train=1, val=0, test=0, untrimmed=0), workers=1)
    with pytest.raises(DemoDataError, match="is 'tempo', asked for 'correspondence'"):
        build(str(root))


def test_split_of_the_other_task_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"split must be one of .*, got 'untrimmed'"):
        build(str(tmp_path / 'x'), split='untrimmed')


def test_split_without_videos_is_named(data_root):
    with pytest.raises(ValueError, match="'test' has no videos"):
        build(data_root, split='test')


def test_own_folder_is_the_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    dataset = build(None, num_videos={'train': 1, 'val': 0, 'test': 0})
    assert dataset.data_root == 'work_dirs/demo_data/correspondence'
    assert (tmp_path / dataset.data_root / 'train.txt').is_file()
