"""The generated folder: files, lists, truth, and what does not depend on what."""

import json
from collections import Counter

import cv2
import decord
import numpy as np
import pytest
from mmaction.datasets import ActivityNetDataset

from tpn_tsn_plugin.datasets.tempo_demo import (
    CLASS_NAMES,
    CONTACT_SHEET,
    TEMPO_BANDS_HZ,
    TempoOptions,
    generate,
)

OPTIONS = TempoOptions(train=24, val=12, test=12, untrimmed=4)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('demo') / 'tempo'
    generate(folder, OPTIONS, workers=2)
    return folder


def frames_of(path):
    reader = decord.VideoReader(str(path), num_threads=1)
    return reader.get_batch(range(len(reader))).asnumpy()


def lines(path):
    return path.read_text().splitlines()


def test_lists_are_balanced_and_name_real_videos(root):
    for split in ('train', 'val', 'test'):
        entries = [line.split(' ') for line in lines(root / f'{split}.txt')]
        assert all((root / path).stat().st_size > 0 for path, _ in entries)
        counts = Counter(int(label) for _, label in entries)
        assert sorted(counts) == list(range(12))
        assert len(set(counts.values())) == 1
    assert lines(root / 'classes.txt') == list(CLASS_NAMES)


def test_videos_all_have_the_same_length_size_and_rate(root):
    facts = set()
    for path in (root / 'videos' / 'train').iterdir():
        reader = decord.VideoReader(str(path), num_threads=1)
        facts.add((len(reader), reader[0].shape, reader.get_avg_fps()))
    assert facts == {(64, (56, 56, 3), 16.0)}


def test_random_access_gives_the_frames_of_sequential_decoding(root):
    order = np.random.default_rng(0).permutation(64)
    for path in sorted((root / 'videos' / 'val').iterdir())[:4]:
        sequential = frames_of(path)
        reader = decord.VideoReader(str(path), num_threads=1)
        assert np.array_equal(reader.get_batch(order).asnumpy(), sequential[order])
        for index in (63, 0, 31):
            assert np.array_equal(reader[index].asnumpy(), sequential[index])


def test_truth_agrees_with_the_list(root):
    truth = json.loads((root / 'train_truth.json').read_text())
    listed = [f'{entry["path"]} {entry["label"]}' for entry in truth]
    assert listed == lines(root / 'train.txt')
    for entry in truth:
        low, high = TEMPO_BANDS_HZ[entry['tempo']]
        assert low <= entry['tempo_hz'] <= high
        assert CLASS_NAMES[entry['label']] == f'{entry["motion"]}_{entry["tempo"]}'
        assert entry['seed'] == 0


def test_sizes_of_splits_and_workers_change_no_clip(root, tmp_path):
    other = TempoOptions(train=3, val=7, test=1, untrimmed=1)
    generate(tmp_path / 'other', other, workers=1)
    for path in sorted((tmp_path / 'other' / 'videos').rglob('*.mp4')):
        name = path.relative_to(tmp_path / 'other')
        assert np.array_equal(frames_of(path), frames_of(root / name)), name


def test_another_seed_gives_other_clips(root, tmp_path):
    generate(tmp_path / 'other', TempoOptions(1, 2, 2, 0, 0), workers=1)
    for name in ('videos/train/train_00001.mp4', 'videos/val/val_00001.mp4'):
        ours, theirs = frames_of(root / name), frames_of(tmp_path / 'other' / name)
        assert not np.array_equal(ours, theirs)


def test_splits_share_no_clip(root):
    seen = {
        frames_of(path).tobytes()
        for split in ('train', 'val', 'test')
        for path in (root / 'videos' / split).iterdir()
    }
    assert len(seen) == 48


def test_untrimmed_times_are_read_by_mmaction2(root):
    path = root / 'untrimmed_localization.json'
    dataset = ActivityNetDataset(str(path), [], data_prefix={'video': ''})
    truth = json.loads((root / 'untrimmed_truth.json').read_text())
    assert len(dataset) == 4
    for index, entry in enumerate(truth):
        info = dataset.get_data_info(index)
        assert f'videos/untrimmed/{info["video_name"]}.mp4' == entry['path']
        frames = len(frames_of(root / entry['path']))
        assert info['duration_frame'] == frames
        assert info['duration_second'] == frames / 16
        assert [a['segment'] for a in info['annotations']] == [
            a['segment'] for a in entry['actions']
        ]
        assert {a['label'] for a in info['annotations']} <= set(CLASS_NAMES)


def test_untrimmed_list_has_the_labels_of_the_actions(root):
    truth = json.loads((root / 'untrimmed_truth.json').read_text())
    for line, entry in zip(lines(root / 'untrimmed.txt'), truth, strict=True):
        path, *labels = line.split()
        assert path == entry['path']
        assert set(map(int, labels)) == {a['label'] for a in entry['actions']}
    assert lines(root / 'untrimmed.txt')[3] == truth[3]['path']


def test_manifest_states_counts_and_parameters(root):
    manifest = json.loads((root / 'manifest.json').read_text())
    assert manifest['counts'] == {'train': 24, 'val': 12, 'test': 12, 'untrimmed': 4}
    assert manifest['parameters']['seed'] == 0
    assert manifest['parameters']['scene']['fps'] == 16
    assert manifest['parameters']['version'] >= 1


def test_parameters_of_folders_in_use_stay(root):
    """Another record here would refuse every folder that was made before."""
    parameters = json.loads((root / 'manifest.json').read_text())['parameters']
    assert list(parameters.items()) == [
        ('generator', 'tempo'),
        ('version', 1),
        (
            'tempo_bands_hz',
            {'slow': [0.25, 0.4], 'medium': [0.6, 0.9], 'fast': [1.3, 1.9]},
        ),
        ('seed', 0),
        *manifest_counts(root),
        (
            'scene',
            {
                'num_frames': 64,
                'size': 56,
                'fps': 16,
                'radius': [0.1, 0.16],
                'travel': [0.14, 0.24],
                'pulse_depth': [0.3, 0.6],
                'max_distractors': 1,
                'distractor_drift': 0.12,
                'camera_drift': 0.03,
                'background_contrast': 15.0,
                'noise': [1.0, 5.0],
            },
        ),
    ]


def manifest_counts(root):
    return json.loads((root / 'manifest.json').read_text())['counts'].items()


def test_contact_sheet_shows_every_class(root):
    sheet = cv2.imread(str(root / CONTACT_SHEET))
    height, width, _ = sheet.shape
    assert height > 12 * 80
    assert width > 10 * 80
    # Twelve rows of pictures: counted where the first column of frames stands.
    dark = (sheet[:, 204:284].mean(axis=(1, 2)) < 190).astype(int)
    tall_enough = np.diff(np.flatnonzero(np.diff(dark)))[::2] > 60
    assert tall_enough.sum() == 12


def test_report_counts_from_none_to_all(tmp_path):
    calls = []
    small = TempoOptions(0, 2, 1, 0, 0)
    generate(tmp_path / 'x', small, 1, report=lambda *call: calls.append(call))
    assert calls == [(0, 3), (1, 3), (2, 3), (3, 3)]
    calls.clear()
    generate(tmp_path / 'x', small, 1, report=lambda *call: calls.append(call))
    assert calls == []


UNTRIMMED = TempoOptions(train=0, val=0, test=0, untrimmed=2, untrimmed_train=2)


@pytest.fixture(scope='module')
def untrimmed_root(tmp_path_factory):
    folder = tmp_path_factory.mktemp('untrimmed') / 'tempo'
    generate(folder, UNTRIMMED, workers=2)
    return folder


def test_without_untrimmed_training_videos_a_folder_is_what_it_was(root):
    manifest = json.loads((root / 'manifest.json').read_text())
    assert 'untrimmed_train' not in manifest['parameters']
    assert not list(root.rglob('untrimmed_train*'))


@pytest.mark.parametrize(
    ('split', 'place'),
    [('train', 0), ('val', 1), ('test', 2), ('untrimmed', 3), ('untrimmed_train', 4)],
)
def test_streams_keep_their_keys(split, place):
    seeds = np.random.SeedSequence(7, spawn_key=(place, 5))
    drawn = TempoOptions(seed=7).stream(split, 5).integers(2**60, size=4)
    assert np.array_equal(drawn, np.random.default_rng(seeds).integers(2**60, size=4))


def test_untrimmed_training_videos_change_no_others(root, untrimmed_root):
    for index in range(2):
        name = f'videos/untrimmed/untrimmed_{index:05d}.mp4'
        assert np.array_equal(frames_of(root / name), frames_of(untrimmed_root / name))
    both = [lines(folder / 'untrimmed.txt')[:2] for folder in (root, untrimmed_root)]
    assert both[0] == both[1]


def test_untrimmed_training_videos_are_others(untrimmed_root):
    folder = untrimmed_root / 'videos'
    for index in range(2):
        test = frames_of(folder / f'untrimmed/untrimmed_{index:05d}.mp4')
        train = frames_of(folder / f'untrimmed_train/untrimmed_train_{index:05d}.mp4')
        assert not np.array_equal(test, train)


def test_untrimmed_training_videos_have_list_truth_and_times(untrimmed_root):
    truth = json.loads((untrimmed_root / 'untrimmed_train_truth.json').read_text())
    times = json.loads(
        (untrimmed_root / 'untrimmed_train_localization.json').read_text()
    )
    listed = lines(untrimmed_root / 'untrimmed_train.txt')
    assert [line.split()[0] for line in listed] == [entry['path'] for entry in truth]
    assert list(times) == ['untrimmed_train_00000', 'untrimmed_train_00001']
    assert [entry['kind'] for entry in truth] == ['several', 'short']
