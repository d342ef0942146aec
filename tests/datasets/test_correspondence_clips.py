"""Clips of the correspondence task: what each stream can see of a class."""

from dataclasses import replace
from itertools import product

import cv2
import mmcv
import numpy as np
import pytest

from tpn_tsn_plugin.datasets.tempo_demo import CORRESPONDENCE, CorrespondenceOptions
from tpn_tsn_plugin.datasets.tempo_demo.correspondence.classes import (
    CLASS_NAMES,
    HUES,
    object_and_motion,
)
from tpn_tsn_plugin.datasets.tempo_demo.correspondence.clips import (
    draw_clip,
    make_clip,
    plan_clip,
    to_rgb,
)
from tpn_tsn_plugin.datasets.tempo_demo.correspondence.options import (
    CorrespondenceScene,
)
from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video
from tpn_tsn_plugin.functional.optical_flow import estimate

SCENE = CorrespondenceScene()
QUIET = CorrespondenceScene(
    max_distractors=0, camera_drift=0.0, background_contrast=0.0, noise=(0.0, 0.0)
)
LABELS = range(len(CLASS_NAMES))
MOVES = {
    'swing_horizontal': ['x'],
    'swing_vertical': ['y'],
    'orbit': ['x', 'y'],
    'pulse': ['radius'],
}


def grey(frames):
    return np.stack([cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames])


def coded(frames, folder):
    """Frames as a reader of the video file gets them."""
    write_video(folder / 'clip.mp4', frames, 25)
    reader = mmcv.VideoReader(str(folder / 'clip.mp4'))
    return np.stack([mmcv.bgr2rgb(frame) for frame in reader])


def around(track, frame, size):
    """Pixels well inside an object in one frame, (H, W)."""
    y, x = np.mgrid[:size, :size]
    away = np.hypot(x - track.x[frame], y - track.y[frame])
    return away < max(0.45 * track.radius[frame], 1.0)


def test_sixteen_classes_are_named_by_object_and_motion():
    assert len(CLASS_NAMES) == 16
    assert CLASS_NAMES[4 * 2 + 3] == 'green_pulse'
    for label, name in enumerate(CLASS_NAMES):
        assert '_'.join(object_and_motion(label)) == name


@pytest.mark.parametrize('label', [-1, 16])
def test_unknown_label_is_named(label):
    with pytest.raises(ValueError, match=f'from 0 to 15, got {label}'):
        object_and_motion(label)


def test_colours_have_their_brightness_and_hue():
    for hue, brightness in product(HUES.values(), (115, 150)):
        colour = to_rgb(brightness, 54, hue)
        # ITU-R BT.601
        red, blue = 0.713 * (colour[0] - brightness), 0.564 * (colour[2] - brightness)
        assert np.dot(colour, (0.299, 0.587, 0.114)) == pytest.approx(brightness, abs=1)
        assert np.degrees(np.arctan2(red, blue)) % 360 == pytest.approx(hue, abs=1)
        assert np.hypot(red, blue) == pytest.approx(54, abs=1)


def test_no_colour_is_cut_off():
    """A colour out of range would be cut off, and its brightness give it away."""
    for hue, offset, brightness, saturation in product(
        HUES.values(),
        (-SCENE.hue_spread, 0, SCENE.hue_spread),
        SCENE.brightness,
        SCENE.saturation,
    ):
        assert min(to_rgb(brightness, saturation, hue + offset)) > 0
        assert max(to_rgb(brightness, saturation, hue + offset)) < 255


@pytest.mark.parametrize('motion', range(4))
def test_optical_flow_cannot_see_which_object_moves(motion):
    clips = [
        make_clip(np.random.default_rng(motion), SCENE, label)[0]
        for label in LABELS
        if label % 4 == motion
    ]
    first, *others = map(grey, clips)
    for other in others:
        # but for rounding, and noise cut off at white
        assert np.abs(other.astype(int) - first).mean() < 0.6
        assert np.quantile(np.abs(other.astype(int) - first), 0.999) <= 3
    for clip in clips[1:]:
        assert (np.abs(clip.astype(int) - clips[0]).max(axis=-1) > 20).mean() > 0.02


@pytest.mark.parametrize('label', LABELS)
def test_one_object_moves_and_all_others_stand_still(label):
    tracks, truth = plan_clip(np.random.default_rng(label), SCENE, label)
    moving, *resting = tracks
    for track in resting:
        assert all(np.ptp(v) == 0 for v in (track.x, track.y, track.radius))
    moves = MOVES[truth['motion']]
    reach = SCENE.size * np.array(SCENE.travel)
    for name in ('x', 'y', 'radius'):
        values = getattr(moving, name)
        if name not in moves:
            assert np.ptp(values) == 0
        elif name == 'radius':
            depth = np.ptp(values) / (values.max() + values.min())
            assert 0.95 * SCENE.pulse_depth[0] < depth < SCENE.pulse_depth[1]
        else:
            assert 1.9 * reach[0] < np.ptp(values) < 2 * reach[1]
    assert truth['class_name'] == f'{truth["object"]}_{truth["motion"]}'
    assert set(truth['centres_px']) == set(HUES)


@pytest.mark.parametrize('label', LABELS)
def test_every_stack_of_five_fields_sees_the_motion(label):
    tracks, truth = plan_clip(np.random.default_rng(label), SCENE, label)
    for name in MOVES[truth['motion']]:
        values = getattr(tracks[0], name)
        windows = np.lib.stride_tricks.sliding_window_view(values, 6)
        # half a cycle: at worst from the middle to one side and back
        assert np.ptp(windows, axis=1).min() > 0.45 * np.ptp(values)


def test_a_frame_does_not_show_who_moves():
    """Displacement and size of the mover are those of objects at rest."""
    samples = np.empty((len(CLASS_NAMES), 300, 2, 3))
    for label, index in np.ndindex(samples.shape[:2]):
        rng = np.random.default_rng([label, index])
        tracks, truth = plan_clip(rng, SCENE, label)
        centres = list(truth['centres_px'].values())
        for which in (0, 1):
            track, (x, y) = tracks[which], centres[which]
            values = track.x[9] - x, track.y[9] - y, track.radius[9]
            samples[label, index, which] = values
    overall = samples.reshape(-1, 3)
    shares = np.array((0.1, 0.3, 0.5, 0.7, 0.9))
    for dimension in range(3):
        cuts = np.quantile(overall[:, dimension], shares)
        below = (samples[..., dimension, None] < cuts).mean(axis=1)
        # some four standard errors of 300 draws
        assert np.abs(below - shares).max() < 0.12


def test_place_tells_neither_object_nor_who_moves():
    counts = {name: np.zeros((2, 2)) for name in (*HUES, 'mover')}
    for index in range(400):
        _, truth = plan_clip(np.random.default_rng(index), SCENE, index % 16)
        centres = truth['centres_px'].items()
        cells = {name: tuple(np.array(c, int) // 32) for name, c in centres}
        assert len(set(cells.values())) == 4
        for name, cell in {**cells, 'mover': cells[truth['object']]}.items():
            counts[name][cell] += 1
    for count in counts.values():
        assert (np.abs(count - 100) < 4.5 * np.sqrt(400 * 0.25 * 0.75)).all()


def test_who_moves_is_in_front_as_often_as_others():
    large = replace(QUIET, radius=(1.0, 1.0), hue_spread=0.0)
    in_front = 0
    for seed in range(80):
        frames, truth = make_clip(np.random.default_rng(seed), large, 0)
        ycrcb = cv2.cvtColor(frames[:1, 32, 32][None], cv2.COLOR_RGB2YCrCb)[0, 0]
        hue = np.degrees(np.arctan2(*(ycrcb[1:].astype(float) - 128)))
        in_front += abs(hue - HUES[truth['object']]) < 10
    assert 8 < in_front < 36


def test_objects_stay_in_the_picture():
    for index in range(200):
        tracks, _ = plan_clip(np.random.default_rng(index), SCENE, index % 16)
        for track in tracks:
            for place in (track.x, track.y):
                assert place.min() > 0
                assert place.max() < SCENE.size


@pytest.mark.parametrize('scene', [QUIET, SCENE], ids=['quiet', 'default'])
def test_rgb_shows_which_object_is_where(scene, tmp_path):
    right = []
    for label in LABELS:
        rng = np.random.default_rng(label)
        tracks, truth = plan_clip(rng, scene, label)
        quiet = CorrespondenceScene(camera_drift=0, noise=scene.noise)
        frame = coded(draw_clip(rng, quiet, tracks), tmp_path)[16]
        ycrcb = cv2.cvtColor(frame, cv2.COLOR_RGB2YCrCb).astype(float) - 128
        for name, track in zip(truth['centres_px'], tracks, strict=True):
            red, blue = ycrcb[around(track, 16, scene.size)].mean(axis=0)[1:]
            hue = np.degrees(np.arctan2(red, blue))
            distances = {n: abs((hue - h + 180) % 360 - 180) for n, h in HUES.items()}
            right.append(min(distances, key=distances.get) == name)
    assert np.mean(right) > 0.95


def test_optical_flow_shows_the_motion_at_its_place(tmp_path):
    largest = []
    for label in LABELS:
        if CLASS_NAMES[label].endswith('pulse'):
            continue
        rng = np.random.default_rng(label)
        tracks, truth = plan_clip(rng, QUIET, label)
        frames = coded(draw_clip(rng, QUIET, tracks), tmp_path)
        fields = list(estimate(grey(frames)))
        energy = [
            np.mean([np.abs(f[around(t, i, 64)]).mean() for i, f in enumerate(fields)])
            for t in tracks
        ]
        largest.append(int(np.argmax(energy)))
        seen = np.array(
            [f[around(tracks[0], i, 64)].mean(axis=0) for i, f in enumerate(fields)]
        )
        for axis, name in enumerate('xy'):
            if name in MOVES[truth['motion']]:
                true = np.diff(getattr(tracks[0], name))
                assert np.corrcoef(seen[:, axis], true)[0, 1] > 0.8
    assert largest == [0] * 12


def test_same_stream_same_frames_and_another_stream_others():
    options = CorrespondenceOptions()
    first, again, other = (
        make_clip(options.stream(split, 4), options.scene, 4)[0]
        for split in ('train', 'train', 'val')
    )
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_clips_of_a_split_show_all_classes_in_turn():
    labels = [
        CORRESPONDENCE.make(np.random.default_rng(0), SCENE, 'val', index)[1]['label']
        for index in range(18)
    ]
    assert labels == [*LABELS, 0, 1]


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'fps': 7}, 'fps must be above 7.2, twice the fastest tempo, got 7'),
        ({'tempo_hz': (3.0, 2.0)}, 'tempo_hz must be a pair 0 <= low <= high'),
        ({'saturation': (-1.0, 2.0)}, 'saturation must be a pair 0 <= low <= high'),
    ],
)
def test_impossible_scene_is_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        CorrespondenceScene(**wrong)


@pytest.mark.parametrize(
    ('wrong', 'message'),
    [
        ({'num_videos': {'untrimmed': 5}}, "num_videos must be one of .*, got 'untr"),
        ({'scene': {'KNOT_SECONDS': 5}}, "scene must be one of .*, got 'KNOT_SECONDS'"),
        ({'seed': -1}, 'seed must be an integer from 0, got -1'),
    ],
)
def test_unknown_options_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        CorrespondenceOptions.from_dicts(**wrong)
