"""Optical flow of the demo videos: true motion, made once, refused when stale."""

import json
import multiprocessing
import shutil

import cv2
import numpy as np
import pytest

from tpn_tsn_plugin.datasets.tempo_demo import (
    CLASS_NAMES,
    TempoOptions,
    extract_optical_flow,
    generate,
    optical_flow_folder,
    remove_optical_flow,
)
from tpn_tsn_plugin.datasets.tempo_demo.clips import plan_clip
from tpn_tsn_plugin.errors import DemoDataError
from tpn_tsn_plugin.functional.optical_flow import dequantise

OPTIONS = TempoOptions(train=9, val=1, test=0, untrimmed=1)


@pytest.fixture(scope='module')
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp('demo') / 'tempo'
    generate(folder, OPTIONS, workers=2)
    extract_optical_flow(folder, 'train', OPTIONS, workers=2)
    return folder


@pytest.fixture
def root(made, tmp_path):
    """A copy that a test may spoil."""
    shutil.copytree(made, tmp_path / 'tempo')
    return tmp_path / 'tempo'


def fields_of(root, index):
    """Fields in pixels, (T - 1, H, W, 2)."""
    folder = optical_flow_folder(root, 'train') / f'train_{index:05}'
    files = [[folder / f'flow_{a}_{n:05}.jpg' for a in 'xy'] for n in range(1, 64)]
    levels = [[cv2.imread(str(path), 0) for path in pair] for pair in files]
    return dequantise(np.moveaxis(np.array(levels), 1, -1))


@pytest.mark.parametrize(
    ('name', 'moving'),
    [
        ('swing_horizontal_fast', [0]),
        ('swing_vertical_fast', [1]),
        ('orbit_medium', [0, 1]),
        ('orbit_fast', [0, 1]),
    ],
)
def test_fields_show_the_true_motion(made, name, moving):
    label = CLASS_NAMES.index(name)
    track, _ = plan_clip(OPTIONS.stream('train', label), OPTIONS.scene, label)
    true = np.stack([np.diff(track.x), np.diff(track.y)], axis=-1)
    y, x = np.mgrid[:56, :56]
    inside = [
        np.hypot(x - track.x[t], y - track.y[t]) < 0.6 * track.radius[t]
        for t in range(63)
    ]
    fields = fields_of(made, label)
    seen = np.stack([f[i].mean(axis=0) for f, i in zip(fields, inside, strict=True)])
    for axis in (0, 1):
        if axis in moving:
            assert np.corrcoef(seen[:, axis], true[:, axis])[0, 1] > 0.95
            turns = np.diff(np.sign(true[:, axis])) != 0
            assert turns.sum() >= 4
        else:
            assert np.abs(seen[:, axis]).mean() < 0.2


def test_counts_are_given_per_video(made):
    counts = extract_optical_flow(made, 'train', OPTIONS, workers=1)
    assert counts == {f'train_{index:05}': 63 for index in range(9)}


def test_untrimmed_videos_have_their_own_lengths(root):
    truth = json.loads((root / 'untrimmed_truth.json').read_text())
    counts = extract_optical_flow(root, 'untrimmed', OPTIONS, workers=1)
    assert counts == {'untrimmed_00000': truth[0]['num_frames'] - 1}


def test_second_time_it_is_found(made):
    calls = []
    report = lambda *call: calls.append(call)  # noqa: E731
    extract_optical_flow(made, 'train', OPTIONS, workers=1, report=report)
    assert calls == []


def test_processes_wait_for_one_another(root):
    fork = multiprocessing.get_context('fork')
    racers = [
        fork.Process(target=extract_optical_flow, args=(root, 'val', OPTIONS, 1))
        for _ in range(3)
    ]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join(60)
    assert [racer.exitcode for racer in racers] == [0, 0, 0]
    parent = optical_flow_folder(root, 'val').parent
    assert [path.name for path in parent.iterdir() if path.is_dir()] == ['val']


def test_sizes_of_other_splits_do_not_matter(root):
    extract_optical_flow(root, 'val', OPTIONS, workers=1)
    more = TempoOptions(train=500, val=1, test=7, untrimmed=0)
    assert extract_optical_flow(root, 'val', more, workers=1) == {'val_00000': 63}


def test_optical_flow_of_other_videos_is_refused(root):
    extract_optical_flow(root, 'val', OPTIONS, workers=1)
    with pytest.raises(DemoDataError, match='seed is 0, asked for 5') as caught:
        extract_optical_flow(root, 'val', TempoOptions(seed=5, val=1), workers=1)
    assert 'tempo_optical_flow/val was made with other' in str(caught.value)
    assert '--force' in str(caught.value)


def test_lost_files_are_noticed(root):
    extract_optical_flow(root, 'val', OPTIONS, workers=1)
    folder = optical_flow_folder(root, 'val')
    (folder / 'val_00000' / 'flow_y_00007.jpg').unlink()
    with pytest.raises(DemoDataError, match=r'1 of 126 files .*flow_y_00007\.jpg'):
        extract_optical_flow(root, 'val', OPTIONS, workers=1)


def test_unreadable_video_leaves_nothing_behind(root):
    (root / 'videos' / 'val' / 'val_00000.mp4').write_bytes(b'no video')
    with pytest.raises(OSError, match=r'val_00000\.mp4 cannot be read whole: .* 0 '):
        extract_optical_flow(root, 'val', OPTIONS, workers=1)
    parent = optical_flow_folder(root, 'val').parent
    assert [path for path in parent.iterdir() if path.is_dir()] == []


def test_removal_spares_what_is_something_else(root):
    folder = optical_flow_folder(root, 'val')
    folder.mkdir(parents=True)
    (folder / 'thesis.txt').touch()
    with pytest.raises(DemoDataError, match='holds no demo data'):
        remove_optical_flow(root)
    assert (folder / 'thesis.txt').exists()
