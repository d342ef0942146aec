"""Clips as pure functions: what they show, and what one frame gives away."""

from itertools import pairwise

import mmcv
import numpy as np
import pytest

from tpn_tsn_plugin.datasets.tempo_demo.classes import (
    CLASS_NAMES,
    MOTIONS,
    TEMPO_BANDS_HZ,
    motion_and_tempo,
)
from tpn_tsn_plugin.datasets.tempo_demo.clips import make_clip, plan_clip
from tpn_tsn_plugin.datasets.tempo_demo.options import SceneOptions, TempoOptions
from tpn_tsn_plugin.datasets.tempo_demo.untrimmed import KINDS, make_untrimmed
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video

PLAIN = SceneOptions(
    max_distractors=0, camera_drift=0.0, background_contrast=0.0, noise=(0.0, 0.0)
)


def decode(path):
    return np.stack([mmcv.bgr2rgb(frame) for frame in mmcv.VideoReader(str(path))])


def measure(frames):
    """Centroid x, y and root of the area of what differs from the background."""
    frames = frames.astype(int)
    corner = np.median(frames[:, :, :2].reshape(-1, 3), axis=0)
    mask = np.abs(frames - corner).max(axis=-1) > 40
    area = mask.sum(axis=(1, 2))
    side = np.arange(frames.shape[1])
    x = (mask.sum(axis=1) * side).sum(axis=1) / area
    y = (mask.sum(axis=2) * side).sum(axis=1) / area
    return {'x': x, 'y': y, 'size': np.sqrt(area)}


def strongest_frequency(values, fps):
    """Frequency of the best-fitting sine, to 0.01 Hz: finer than an FFT's bins."""
    seconds = np.arange(len(values)) / fps
    grid = np.arange(0.2, 3.0, 0.01)
    errors = []
    for hertz in grid:
        angle = 2 * np.pi * hertz * seconds
        basis = np.stack([np.ones_like(angle), np.sin(angle), np.cos(angle)], axis=1)
        errors.append(np.linalg.lstsq(basis, values)[1].sum())
    return grid[int(np.argmin(errors))]


def test_twelve_classes_are_named_by_motion_and_tempo():
    assert len(CLASS_NAMES) == 12
    assert CLASS_NAMES[2] == 'swing_horizontal_fast'
    for label, name in enumerate(CLASS_NAMES):
        assert '_'.join(motion_and_tempo(label)) == name


def test_tempo_bands_do_not_overlap():
    bands = list(TEMPO_BANDS_HZ.values())
    assert all(low < high for low, high in bands)
    assert all(before[1] < after[0] for before, after in pairwise(bands))


@pytest.mark.parametrize('label', [-1, 12])
def test_unknown_label_is_named(label):
    with pytest.raises(ValueError, match=f'from 0 to 11, got {label}'):
        motion_and_tempo(label)


@pytest.mark.parametrize('label', range(12))
def test_motion_and_tempo_can_be_measured_in_the_video_file(label, tmp_path):
    frames, truth = make_clip(np.random.default_rng(label), PLAIN, label)
    write_video(tmp_path / 'clip.mp4', frames, PLAIN.fps)
    measured = measure(decode(tmp_path / 'clip.mp4'))
    motion, tempo = motion_and_tempo(label)
    moving = {
        'swing_horizontal': ['x'],
        'swing_vertical': ['y'],
        'orbit': ['x', 'y'],
        'pulse': ['size'],
    }[motion]
    for name, values in measured.items():
        # A pixel of jitter is left of what stands still, by coding and rasterising.
        assert (np.ptp(values) > 2.5) == (name in moving), name
    low, high = TEMPO_BANDS_HZ[tempo]
    assert low <= truth['tempo_hz'] <= high
    for name in moving:
        hertz = strongest_frequency(measured[name], PLAIN.fps)
        assert hertz == pytest.approx(truth['tempo_hz'], abs=0.03)


def test_orbits_run_both_ways():
    signs = set()
    for seed in range(8):
        track, truth = plan_clip(
            np.random.default_rng(seed), PLAIN, CLASS_NAMES.index('orbit_slow')
        )
        x, y = track.x - track.x.mean(), track.y - track.y.mean()
        # y points down: a positive cross product is clockwise on the screen.
        turn = -np.sign(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1]))
        assert turn == truth['direction']
        signs.add(turn)
    assert signs == {-1, 1}


def test_one_frame_has_the_same_statistics_in_every_class():
    options = SceneOptions()
    samples = np.empty((len(CLASS_NAMES), 400, 3))
    for label in range(len(CLASS_NAMES)):
        for index in range(400):
            rng = np.random.default_rng([label, index])
            track, _ = plan_clip(rng, options, label)
            samples[label, index] = track.x[9], track.y[9], track.radius[9]
    overall = samples.reshape(-1, 3)
    # Quantiles of place and size agree with those of all classes together, within
    # some four standard errors of 400 draws.
    shares = (0.1, 0.3, 0.5, 0.7, 0.9)
    for dimension in range(3):
        cuts = np.quantile(overall[:, dimension], shares)
        below = (samples[:, :, dimension, None] < cuts).mean(axis=1)
        assert np.abs(below - np.array(shares)).max() < 0.1


def test_speed_does_not_tell_the_tempo():
    def speeds(tempo):
        label = CLASS_NAMES.index(f'swing_horizontal_{tempo}')
        for seed in range(200):
            rng = np.random.default_rng(seed)
            truth = plan_clip(rng, SceneOptions(), label)[1]
            yield truth['tempo_hz'] * truth['travel_px']

    slow, medium, fast = (list(speeds(tempo)) for tempo in TEMPO_BANDS_HZ)
    assert max(slow) > min(medium)
    assert max(medium) > min(fast)


def test_objects_stay_in_the_picture():
    options = SceneOptions()
    for index in range(200):
        label = index % len(CLASS_NAMES)
        track, _ = plan_clip(np.random.default_rng(index), options, label)
        for place in (track.x, track.y):
            assert place.min() > 0
            assert place.max() < options.size


def test_same_stream_same_frames_and_another_stream_others():
    options = TempoOptions()
    first, again, other = (
        make_clip(rng, options.scene, 4)[0]
        for rng in (
            options.stream('train', 4),
            options.stream('train', 4),
            options.stream('val', 4),
        )
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    reseeded = make_clip(TempoOptions(seed=1).stream('train', 4), options.scene, 4)[0]
    assert not np.array_equal(first, reseeded)


@pytest.mark.parametrize('index', range(16))
def test_untrimmed_actions_lie_apart_and_never_jump(index):
    frames, truth = make_untrimmed(np.random.default_rng(index), PLAIN, index)
    duration = len(frames) / PLAIN.fps
    borders = [0.0, *(t for a in truth['actions'] for t in a['segment']), duration]
    assert borders == sorted(borders)
    assert truth['kind'] == KINDS[index % len(KINDS)]
    inside = sum(a['segment'][1] - a['segment'][0] for a in truth['actions'])
    if truth['kind'] == 'several':
        assert len(truth['actions']) >= 2
    if truth['kind'] == 'short':
        assert inside < 0.4 * duration
    if truth['kind'] == 'full':
        assert inside == duration
    if truth['kind'] == 'background':
        assert truth['actions'] == []
    seconds = np.arange(len(frames)) / PLAIN.fps
    # Pixels per frame: easing is slow; an action adds its own largest speed.
    allowed = np.full(len(frames) - 1, 3.5)
    for action in truth['actions']:
        start, end = action['segment']
        speed = 2 * np.pi * action['tempo_hz'] * PLAIN.travel[1] * PLAIN.size
        near = (seconds[1:] >= start) & (seconds[:-1] < end)
        allowed[near] += speed / PLAIN.fps
    for name in ('x', 'y'):
        assert (np.abs(np.diff(measure(frames)[name])) < allowed).all()


def test_untrimmed_background_does_not_repeat_the_motion():
    frames, truth = make_untrimmed(np.random.default_rng(1), PLAIN, 1)
    start, end = truth['actions'][0]['segment']
    measured = measure(frames)
    seconds = np.arange(len(frames)) / PLAIN.fps
    after = seconds > end + 0.1
    # What moved before stands still, but for rasterising.
    assert all(np.ptp(values[after]) < 1 for values in measured.values())
    during = (seconds >= start) & (seconds < end)
    assert max(np.ptp(values[during]) for values in measured.values()) > 2


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'size': 57}, 'size must be an even number from 16, got 57'),
        ({'num_frames': 1}, 'num_frames must be at least 2'),
        ({'fps': 3}, 'fps must be above 3.8'),
        ({'travel': (0.3, 0.2)}, 'travel must be a pair 0 <= low <= high'),
    ],
)
def test_impossible_scene_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        SceneOptions(**wrong)


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'num_videos': {'trian': 5}}, "num_videos must be one of .*, got 'trian'"),
        ({'num_videos': {'train': -5}}, 'train must be an integer from 0, got -5'),
        ({'scene': {'fsp': 5}}, "scene must be one of .*, got 'fsp'"),
        ({'seed': 0.5}, 'seed must be an integer from 0, got 0.5'),
    ],
)
def test_unknown_options_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        TempoOptions.from_dicts(**wrong)


def test_options_of_a_config_equal_those_of_the_defaults():
    listed = {'travel': list(SceneOptions().travel)}
    assert TempoOptions.from_dicts(scene=listed) == TempoOptions()


def test_every_motion_is_used():
    assert {motion_and_tempo(label)[0] for label in range(12)} == set(MOTIONS)
