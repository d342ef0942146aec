"""Optical flow in the pipeline: the right fields, in order, computed once."""

import copy

import cv2
import numpy as np
import pytest
from mmaction.datasets.transforms import FormatShape, PackActionInputs, Resize
from mmengine.dataset import Compose
from mmengine.registry import DefaultScope
from moving_samples import SHIFT, SIZE, moving_sample, moving_texture

from tpn_tsn_plugin.datasets.transforms import (
    ComputeOpticalFlow,
    OpticalFlowFlip,
    SegmentSampleFrames,
)
from tpn_tsn_plugin.datasets.transforms import compute_optical_flow as module
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.functional.optical_flow import dequantise, estimate, quantise
from tpn_tsn_plugin.registry import TRANSFORMS


@pytest.fixture
def computed(monkeypatch):
    """How many pairs were estimated."""
    calls = []

    def count(pairs, *arguments):
        pairs = list(pairs)
        calls.extend(pairs)
        return real(pairs, *arguments)

    real = module.estimate_pairs
    monkeypatch.setattr(module, 'estimate_pairs', count)
    return calls


@pytest.mark.parametrize('algorithm', ['dis', 'tvl1', 'farneback'])
@pytest.mark.parametrize('length', [1, 3])
def test_fields_of_each_snippet_in_order(algorithm, length):
    before = moving_sample(clip_len=length + 1)
    after = ComputeOpticalFlow(algorithm, bound=8)(copy.deepcopy(before))
    assert (after['modality'], after['clip_len'], after['num_clips']) == (
        'Flow',
        length,
        3,
    )
    assert len(after['imgs']) == 3 * length
    for snippet in range(3):
        frames = before['imgs'][snippet * (length + 1) :][: length + 1]
        greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
        for step, field in enumerate(estimate(greys, algorithm)):
            levels = after['imgs'][snippet * length + step]
            assert levels.dtype == np.uint8
            assert np.array_equal(levels, quantise(field, 8))
            inner = dequantise(levels, 8)[8:-8, 8:-8]
            np.testing.assert_allclose(np.median(inner, (0, 1)), SHIFT, atol=0.15)


@pytest.mark.parametrize(
    ('keep_rgb', 'length', 'kept'),
    [
        ('centre', 1, [0, 4, 7]),
        ('centre', 2, [1, 5, 8]),
        ('centre', 3, [1, 5, 8]),
        ('all', 1, [0, 4, 7]),
        ('all', 2, [0, 1, 4, 5, 7, 8]),
    ],
)
def test_rgb_frames_stand_before_all_fields(keep_rgb, length, kept):
    frames = list(moving_texture())
    alone = ComputeOpticalFlow('dis')(moving_sample(clip_len=length + 1))
    paired = ComputeOpticalFlow('dis', keep_rgb=keep_rgb)(
        moving_sample(clip_len=length + 1)
    )
    assert (paired['modality'], paired['clip_len']) == ('RGB+Flow', length)
    assert np.array_equal(paired['imgs'][: len(kept)], [frames[i] for i in kept])
    assert np.array_equal(paired['imgs'][len(kept) :], alone['imgs'])


def test_shared_pairs_are_computed_once(computed):
    results = ComputeOpticalFlow('dis')(moving_sample(starts=(0, 1, 1), clip_len=4))
    assert len(computed) == 4
    apart = [
        field
        for start in (0, 1, 1)
        for field in ComputeOpticalFlow('dis')(moving_sample([start], 4))['imgs']
    ]
    assert np.array_equal(results['imgs'], apart)


def test_a_field_changed_in_place_changes_no_other():
    results = ComputeOpticalFlow('dis')(moving_sample(starts=(0, 0), clip_len=3))
    kept = results['imgs'][2].copy()
    results['imgs'][0][:] = 0
    assert np.array_equal(results['imgs'][2], kept)


def test_frames_repeated_at_the_end_do_not_move():
    results = moving_sample(starts=[0], clip_len=4)
    results['imgs'] = [*results['imgs'][:2], *[results['imgs'][1]] * 2]
    fields = ComputeOpticalFlow('dis')(results)['imgs']
    assert (fields[0] != 128).mean() > 0.9
    assert (np.array(fields[1:]) == 128).all()


def test_parameters_reach_the_algorithm():
    parameters = {'win_size': 5}
    plain = ComputeOpticalFlow('farneback')(moving_sample())['imgs']
    other = ComputeOpticalFlow('farneback', parameters=parameters)(moving_sample())[
        'imgs'
    ]
    assert not np.array_equal(plain, other)


def test_mirrored_frames_have_mirrored_fields():
    """The field of a mirrored video, and the mirrored field, are nearly the same."""
    mirrored = moving_sample()
    mirrored['imgs'] = [frame[:, ::-1].copy() for frame in mirrored['imgs']]
    of_mirrored = ComputeOpticalFlow('dis')(mirrored)['imgs']
    flipped = OpticalFlowFlip(flip_ratio=1)(ComputeOpticalFlow('dis')(moving_sample()))
    off = np.subtract(flipped['imgs'], of_mirrored, dtype=float)[:, 6:-6, 6:-6]
    assert np.median(np.abs(off)) <= 1
    assert np.abs(off).mean() < 2


def test_mmaction2_formats_and_packs_it():
    results = ComputeOpticalFlow('dis')(moving_sample(clip_len=4))
    results = Resize(scale=(32, 24), keep_ratio=False)(results)
    fields = np.stack(results['imgs'])
    data = PackActionInputs()(FormatShape('NCHW')(results))
    assert data['inputs'].shape == (3, 2 * 3, 24, 32)
    wanted = fields.reshape(3, 3, 24, 32, 2).transpose(0, 1, 4, 2, 3)
    assert np.array_equal(data['inputs'], wanted.reshape(3, 6, 24, 32))


def test_fields_of_a_real_clip(media_dir):
    pipeline = [
        dict(type='DecordInit'),
        dict(type=SegmentSampleFrames, clip_len=3, num_clips=2, test_mode=True),
        dict(type='DecordDecode'),
        dict(type=ComputeOpticalFlow, algorithm='dis', keep_rgb='centre'),
    ]
    clip = {
        'filename': str(media_dir / 'arm_wrestling.mp4'),
        'modality': 'RGB',
        'start_index': 0,
    }
    with DefaultScope.overwrite_default_scope('mmaction'):
        results = Compose(pipeline)(clip)
    shapes = [image.shape for image in results['imgs']]
    assert shapes == [(256, 340, 3)] * 2 + [(256, 340, 2)] * 4
    spread = [np.ptp(field) for field in results['imgs'][2:]]
    assert max(spread) > 30


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        ({'clip_len': 1}, r'got clip_len=1; sample clip_len = L \+ 1'),
        (
            {'imgs': [np.zeros((*SIZE, 2), np.uint8)] * 9},
            r'got shape \(48, 64, 2\); leave it out where .* read from files',
        ),
        (
            {'imgs': [np.zeros((*SIZE, 3), np.float32)] * 9},
            'type uint8, got float32; put it right after decoding',
        ),
    ],
)
def test_unusable_frames_are_refused(changes, message):
    with pytest.raises(ValueError, match=f'ComputeOpticalFlow needs .*{message}'):
        ComputeOpticalFlow('dis')({**moving_sample(), **changes})


@pytest.mark.parametrize('key', ['filename', 'frame_dir'])
def test_a_video_of_one_frame_is_named(key):
    results = moving_sample(total_frames=1)
    del results['filename']
    results[key] = 'data/still'
    with pytest.raises(PluginError, match=r'^data/still has one frame only.*; leave'):
        ComputeOpticalFlow('dis')(results)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'algorithm': 'tvl2'}, "algorithm must be one of .*, got 'tvl2'"),
        ({'bound': 0}, 'bound must be .* above 0, got 0'),
        ({'keep_rgb': 'center'}, "keep_rgb must be .*'centre'.*, got 'center'"),
        ({'parameters': {'tao': 1}}, "parameter of 'tvl1' .*, got 'tao'"),
    ],
)
def test_unknown_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        ComputeOpticalFlow(**options)


def test_is_registered_and_shows_its_options():
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = TRANSFORMS.build({'type': 'ComputeOpticalFlow', 'algorithm': 'dis'})
    assert repr(built).startswith("ComputeOpticalFlow(algorithm='dis', bound=20.0, ")
    assert "'patch_size': 8" in repr(built)
