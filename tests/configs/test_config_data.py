"""Pipelines of every config build; those of configs/tpn give what the papers test."""

import re

import cv2
import numpy as np
import pytest
from mmengine.dataset import Compose

from tpn_tsn_plugin.registry import DATASETS, TRANSFORMS

SPLITS = ('train', 'val', 'test')
HEIGHT, WIDTH, FRAMES = 256, 340, 80
GIVEN_BEFORE = set()


@pytest.fixture(scope='session')
def data_roots(tmp_path_factory):
    """One video in each dataset's folder layout, as MMAction2 prepares it."""
    top = tmp_path_factory.mktemp('data')
    # smooth noise, so that files are small and crops differ
    coarse = np.random.default_rng(0).integers(0, 255, (FRAMES, 8, 10, 3), np.uint8)
    frames = [cv2.resize(frame, (WIDTH, HEIGHT)) for frame in coarse]

    for folder in ('kinetics400/videos_train', 'kinetics400/videos_val'):
        write_video(top / folder / 'class_1' / 'clip.mp4', frames)
    write_video(top / 'sthv2/videos/clip.mp4', frames)
    for i, frame in enumerate(frames, 1):
        write_image(top / f'sthv1/rawframes/clip/{i:05}.jpg', frame)
    for split in ('train', 'val'):
        for name, line in (
            (f'kinetics400/kinetics400_{split}_list_videos.txt', 'class_1/clip.mp4 1'),
            (f'sthv2/sthv2_{split}_list_videos.txt', 'clip.mp4 1'),
            (f'sthv1/sthv1_{split}_list_rawframes.txt', f'clip {FRAMES} 1'),
        ):
            (top / name).write_text(line)
    return top


def write_image(path, frame):
    path.parent.mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(path), frame)


def write_video(path, frames):
    path.parent.mkdir(parents=True)
    writer = cv2.VideoWriter(
        str(path), cv2.VideoWriter_fourcc(*'mp4v'), 25, (WIDTH, HEIGHT)
    )
    for frame in frames:
        writer.write(frame)
    writer.release()


def pipelines(config, split):
    """The pipelines of a split's data sets, of which there may be several."""
    dataset = config[f'{split}_dataloader'].dataset
    return [part.pipeline for part in dataset.get('datasets', [dataset])]


RANDOM = {
    'ColorJitter',
    'Flip',
    'MultiScaleCrop',
    'OpticalFlowFlip',
    'RandomCrop',
    'RandomRescale',
    'RandomResizedCrop',
}


@pytest.mark.parametrize('split', SPLITS)
def test_every_transform_builds(config_path, split, read):
    for pipeline in pipelines(read(config_path), split):
        assert len(Compose(pipeline).transforms) == len(pipeline)


def test_nothing_is_random_but_in_training(config_path, read):
    config = read(config_path)
    for pipeline in [*pipelines(config, 'val'), *pipelines(config, 'test')]:
        assert not {step.type for step in pipeline} & RANDOM
        for step in pipeline:
            if step.type.endswith('SampleFrames'):
                assert step.type == 'FixedRateSampleFrames' or step.test_mode


def paper_shape(stem, split):
    """Shape of one sample: TPN paper, section 4, and the released code's protocol."""
    length, clips = map(int, re.search(r'-(\d+)x\d+x(\d+)-', stem).groups())
    views, size = 1, 224
    if split == 'test':
        if clips == 1:
            views, size = 10 * 3, 256
        elif 'kinetics400' in stem:
            views = 10
        elif 'released' in stem or 'official' in stem:
            views, size = 2 * 3, 256
    if clips == 1:
        return (views, 3, length, size, size)
    return (views * clips, 3, size, size)


@pytest.mark.parametrize('split', SPLITS)
def test_dataset_needs_only_its_root(tpn_path, split, read, data_roots):
    """With one's own ``data_root`` a dataset reads, samples and crops as published."""
    config = read(tpn_path)
    dataset = config[f'{split}_dataloader'].dataset
    if str(dataset) in GIVEN_BEFORE:
        return
    GIVEN_BEFORE.add(str(dataset))
    root = data_roots / dataset.data_root.removeprefix('data/')
    sample = DATASETS.build({**dataset, 'data_root': str(root)})[0]
    assert tuple(sample['inputs'].shape) == paper_shape(tpn_path.stem, split)
    assert sample['data_samples'].gt_label.item() == 1


MIRRORED = {
    'kinetics400': {},
    'sthv1': {2: 4, 30: 41, 52: 66},
    'sthv2': {86: 87, 93: 94, 166: 167},
}


def test_flip_exchanges_left_and_right(tpn_path, read):
    config = read(tpn_path)
    (steps,) = pipelines(config, 'train')
    flip = next(step for step in steps if step.type == 'Flip')
    transform = TRANSFORMS.build({**flip, 'flip_ratio': 1.0})
    (pairs,) = (pairs for name, pairs in MIRRORED.items() if name in tpn_path.stem)
    classes = config.model.cls_head.num_classes
    expected = list(range(classes))
    for left, right in pairs.items():
        expected[left], expected[right] = right, left
    ramp = np.arange(4, dtype=np.uint8).repeat(3).reshape(1, 4, 3)
    for label in range(classes):
        video = dict(imgs=[ramp.copy()], label=label, modality='RGB', img_shape=(1, 4))
        flipped = transform(video)
        assert flipped['label'] == expected[label]
    assert flipped['imgs'][0][0, :, 0].tolist() == [3, 2, 1, 0]
