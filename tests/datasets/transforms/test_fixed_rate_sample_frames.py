"""Snippets at a fixed rate over untrimmed videos."""

import numpy as np
import pytest
from mmaction.datasets.transforms import DecordInit, OpenCVInit
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets.transforms import FixedRateSampleFrames
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.registry import TRANSFORMS


def sampled(sampler, total, fps=None, start_index=0):
    sample = {'total_frames': total, 'start_index': start_index, 'frame_dir': 'video_7'}
    return sampler({**sample, **({} if fps is None else {'avg_fps': fps})})


def test_one_frame_from_the_middle_of_every_second():
    results = sampled(FixedRateSampleFrames(), 100, fps=25.0)
    assert results['frame_inds'].tolist() == [12, 37, 62, 87]
    assert results['frame_inds'].dtype == np.int32
    assert (results['num_clips'], results['clip_len']) == (4, 1)
    assert results['frame_interval'] == 1


@pytest.mark.parametrize(
    ('total', 'snippets'), [(1, 1), (12, 1), (37, 1), (38, 2), (50, 2), (90_000, 3600)]
)
def test_a_last_second_counts_from_its_half_on(total, snippets):
    results = sampled(FixedRateSampleFrames(), total, fps=25)
    assert results['num_clips'] == snippets
    assert results['frame_inds'].max() < total


@pytest.mark.parametrize(('rate', 'wanted'), [(2.0, [2, 7, 12, 17]), (0.5, [10])])
def test_other_rates(rate, wanted):
    results = sampled(FixedRateSampleFrames(rate), 20, fps=10)
    assert results['frame_inds'].tolist() == wanted


def test_rate_of_the_video_need_not_be_whole():
    results = sampled(FixedRateSampleFrames(), 300, fps=29.97)
    seconds = results['frame_inds'] / 29.97
    assert np.abs(seconds - (np.arange(10) + 0.5)).max() <= 1 / 29.97


def test_snippets_are_centred():
    results = sampled(FixedRateSampleFrames(clip_len=5), 60, fps=20)
    snippets = results['frame_inds'].reshape(3, 5)
    assert snippets.tolist() == [
        [8, 9, 10, 11, 12],
        [28, 29, 30, 31, 32],
        [48, 49, 50, 51, 52],
    ]


def test_snippets_at_the_borders_are_moved_inside():
    sampler = FixedRateSampleFrames(4.0, clip_len=3, frame_interval=2)
    results = sampled(sampler, 10, fps=10)
    assert results['frame_inds'].reshape(-1, 3).tolist() == [
        [0, 2, 4],
        [1, 3, 5],
        [4, 6, 8],
        [5, 7, 9],
    ]


def test_video_shorter_than_a_snippet_repeats_its_last_frame():
    results = sampled(FixedRateSampleFrames(clip_len=5), 3, fps=25, start_index=1)
    assert results['frame_inds'].tolist() == [1, 2, 3, 3, 3]


def test_first_index_is_added():
    results = sampled(FixedRateSampleFrames(), 50, fps=25, start_index=101)
    assert results['frame_inds'].tolist() == [113, 138]


def test_option_counts_more_than_the_video():
    assert sampled(FixedRateSampleFrames(fps=10), 20)['num_clips'] == 2
    assert sampled(FixedRateSampleFrames(fps=10), 20, fps=20)['num_clips'] == 2


@pytest.mark.parametrize('init', [DecordInit, OpenCVInit])
def test_video_readers_know_the_rate(init, media_dir):
    path = str(media_dir / 'cleaning_pool.mp4')
    results = init()({'filename': path, 'start_index': 0})
    results = FixedRateSampleFrames()(results)
    assert results['total_frames'] == 300
    assert results['num_clips'] == 10
    assert np.diff(results['frame_inds']).tolist() == [30] * 9


@pytest.mark.parametrize('fps', [None, 0])
def test_unknown_rate_is_an_error_that_names_the_remedy(fps):
    with pytest.raises(PluginError, match=r'rate of video_7 is not .* option fps'):
        sampled(FixedRateSampleFrames(), 20, fps=fps)


def test_video_without_frames_is_an_error():
    with pytest.raises(PluginError, match='video_7 has no frames'):
        sampled(FixedRateSampleFrames(), 0, fps=25)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'rate': 0}, 'rate must be a number above 0, got 0'),
        ({'rate': '1'}, "rate must be a number above 0, got '1'"),
        ({'rate': True}, 'rate must be a number above 0, got True'),
        ({'fps': float('nan')}, 'fps must be a number above 0, got nan'),
        ({'fps': float('inf')}, 'fps must be a number above 0, got inf'),
        ({'fps': -25}, 'fps must be a number above 0, got -25'),
        ({'clip_len': 0}, 'clip_len must be a whole number from 1 on, got 0'),
        ({'frame_interval': 0}, 'frame_interval must be a whole number'),
    ],
)
def test_wrong_numbers_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        FixedRateSampleFrames(**options)


def test_is_registered():
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = TRANSFORMS.build({'type': 'FixedRateSampleFrames', 'rate': 2.0})
    assert repr(built).startswith('FixedRateSampleFrames(rate=2.0, clip_len=1')
