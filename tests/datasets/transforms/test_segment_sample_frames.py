"""One snippet from each of K spans, in training and in testing."""

import numpy as np
import pytest
from mmaction.datasets.transforms import SampleFrames
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets.transforms import SegmentSampleFrames
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.registry import TRANSFORMS

SEGMENTS = range(1, 10)


def starts(sampler, total, start_index=0):
    results = sampler({'total_frames': total, 'start_index': start_index})
    assert results['num_clips'] == sampler.num_clips
    assert results['clip_len'] == sampler.clip_len
    indices = results['frame_inds'].reshape(-1, sampler.clip_len)
    assert results['frame_inds'].dtype == np.int32
    assert indices.min() >= start_index
    assert indices.max() < total + start_index
    return indices[:, 0]


@pytest.mark.parametrize('segments', SEGMENTS)
@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('total', [9, 11, 31, 64, 300])
def test_one_frame_from_every_span(segments, test_mode, total):
    sampler = SegmentSampleFrames(1, segments, test_mode=test_mode)
    for _ in range(20):
        # the moment of a frame is its middle; spans are [k T / K, (k + 1) T / K)
        frames = starts(sampler, total)
        low = np.floor(np.arange(segments) * total / segments)
        high = np.ceil((np.arange(segments) + 1) * total / segments)
        assert (low <= frames).all()
        assert (frames < high).all()


@pytest.mark.parametrize('segments', SEGMENTS)
@pytest.mark.parametrize('clip_len', [5, 6])
def test_snippets_are_centred_in_their_segments(segments, clip_len):
    sampler = SegmentSampleFrames(clip_len, segments, test_mode=True)
    places = 64 - clip_len + 1
    # tsn-pytorch: tick / 2 + tick * k with tick = (T - L + 1) / K
    wanted = [int(places / segments * (k + 0.5)) for k in range(segments)]
    assert starts(sampler, 64).tolist() == wanted


@pytest.mark.parametrize(('clip_len', 'segments'), [(1, 3), (5, 3), (5, 7)])
def test_training_reaches_every_place(clip_len, segments):
    sampler = SegmentSampleFrames(clip_len, segments)
    seen = {start for _ in range(600) for start in starts(sampler, 32)}
    assert seen == set(range(32 - clip_len + 1))


@pytest.mark.parametrize('test_mode', [False, True])
def test_video_without_frames_is_an_error(test_mode):
    sampler = SegmentSampleFrames(test_mode=test_mode)
    sample = {'total_frames': 0, 'start_index': 0, 'frame_dir': 'video_7'}
    with pytest.raises(PluginError, match='video_7 has no frames to sample'):
        sampler(sample)


def test_training_keeps_the_order():
    sampler = SegmentSampleFrames(5, 9)
    for total in (3, 5, 6, 9, 20, 100):
        assert (np.diff(starts(sampler, total)) >= 0).all()


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize('total', [1, 2, 4])
@pytest.mark.parametrize('segments', [1, 3, 9])
def test_short_video_repeats_its_last_frame(test_mode, total, segments):
    sampler = SegmentSampleFrames(6, segments, test_mode=test_mode)
    results = sampler({'total_frames': total, 'start_index': 1})
    wanted = np.minimum(np.arange(6), total - 1) + 1
    snippets = results['frame_inds'].reshape(segments, 6)
    assert np.array_equal(snippets, np.tile(wanted, (segments, 1)))


@pytest.mark.parametrize('test_mode', [False, True])
def test_fewer_frames_than_segments(test_mode):
    frames = starts(SegmentSampleFrames(1, 9, test_mode=test_mode), 2)
    assert frames.tolist() == sorted(frames)
    assert {0, 1} == set(frames)


def test_interval_spreads_a_snippet():
    sampler = SegmentSampleFrames(3, 2, frame_interval=4, test_mode=True)
    results = sampler({'total_frames': 30, 'start_index': 0})
    # 30 - 9 + 1 = 22 places, centres of two segments: 5 and 16
    assert results['frame_inds'].tolist() == [5, 9, 13, 16, 20, 24]
    assert results['frame_interval'] == 4


@pytest.mark.parametrize('segments', SEGMENTS)
def test_single_frames_are_tested_as_in_mmaction2(segments):
    theirs = SampleFrames(1, num_clips=segments, test_mode=True)
    for total in (10, 37, 64, 300):
        ours = SegmentSampleFrames(1, segments, test_mode=True)
        # MMAction2 adds rounded fractions: 149.99… where the centre is 150
        assert (starts(ours, total) - starts(theirs, total)).max() <= 1
        assert (starts(ours, total) >= starts(theirs, total)).all()


def test_mmaction2_still_spreads_clips_from_end_to_end():
    """When these fail, MMAction2's own sampling may do."""
    clips = SampleFrames(5, num_clips=3, test_mode=True)
    assert starts(clips, 65).tolist() == [0, 30, 60]
    seen = {s for _ in range(300) for s in starts(SampleFrames(1, num_clips=4), 11)}
    assert seen == set(range(8))
    short = starts(SampleFrames(1, num_clips=9), 2)
    assert short.tolist() != sorted(short)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'num_clips': 0}, 'num_clips must be a whole number from 1 on, got 0'),
        ({'clip_len': 2.5}, 'clip_len must be a whole number from 1 on, got 2.5'),
        ({'frame_interval': -1}, 'frame_interval must be .* got -1'),
    ],
)
def test_wrong_numbers_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        SegmentSampleFrames(**options)


def test_is_registered():
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = TRANSFORMS.build({'type': 'SegmentSampleFrames', 'clip_len': 5})
    assert 'clip_len=5' in repr(built)
