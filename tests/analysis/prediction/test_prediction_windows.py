"""Cutting a video into windows."""

import numpy as np
import pytest
from mmaction.datasets.transforms import SampleFrames

from tpn_tsn_plugin.analysis.prediction.windows import cut, window_length
from tpn_tsn_plugin.datasets.transforms import (
    FixedRateSampleFrames,
    SegmentSampleFrames,
    StridedSampleFrames,
)


def windows(seconds, fps, **options):
    times = np.arange(round(seconds * fps)) / fps
    return list(cut(times, seconds, **options))


def test_every_frame_is_in_one_window():
    found = windows(4, 5, length=1, stride=1)
    assert [(w.start, w.end) for w in found] == [(0, 1), (1, 2), (2, 3), (3, 4)]
    np.testing.assert_array_equal(
        np.concatenate([w.frames for w in found]), np.arange(20)
    )


@pytest.mark.parametrize(
    ('seconds', 'ends'), [(3.4, [1, 2, 3]), (3.5, [1, 2, 3, 3.5]), (0.3, [0.3])]
)
def test_half_a_window_is_one_of_its_own(seconds, ends):
    found = windows(seconds, 10, length=1, stride=1)
    np.testing.assert_allclose([w.end for w in found], ends)
    assert found[-1].frames[-1] == round(10 * ends[-1]) - 1


@pytest.mark.parametrize('seconds', [1.0, 2.5, 10.04, 33.9])
def test_as_many_as_snippets_at_a_fixed_rate(seconds):
    total = round(seconds * 25)
    results = dict(total_frames=total, start_index=0, avg_fps=25.0)
    snippets = FixedRateSampleFrames(1.0).transform(results)['num_clips']
    assert len(windows(total / 25, 25, length=1, stride=1)) == snippets


def test_overlapping_and_spaced_windows():
    found = windows(4, 2, length=2, stride=0.5)
    assert [w.start for w in found] == [0, 0.5, 1, 1.5, 2, 2.5, 3]
    np.testing.assert_array_equal(found[1].frames, [1, 2, 3, 4])
    spaced = windows(4, 2, length=1, stride=2)
    assert [list(w.frames) for w in spaced] == [[0, 1], [4, 5]]


def test_32_bit_times_at_a_border():
    times = (np.arange(90000) / np.float32(25)).astype(np.float32)
    found = list(cut(times.astype(np.float64), 3600.0, length=1, stride=1))
    assert {len(w.frames) for w in found} == {25}


def test_varying_frame_rate():
    """A frame is shown until the next comes, so no window is without one."""
    times = np.array([0, 0.1, 0.2, 0.3, 2.5, 2.6, 2.7])
    options = dict(length=1, stride=1)
    frames = [list(w.frames) for w in cut(times, 2.8, **options)]
    assert frames == [[0, 1, 2, 3], [3], [4, 5, 6]]
    frames = [list(w.frames) for w in cut(times, 2.8, **options, least=4)]
    assert frames == [[0, 1, 2, 3], [3, 3, 3, 3], [3, 4, 5, 6]]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(length=0, stride=1), '--window must be above 0 seconds, got 0'),
        (dict(length=1, stride=-2), '--stride must be above 0 seconds, got -2'),
        (dict(length=float('nan'), stride=1), '--window must be above 0'),
        (
            dict(length=0.1, stride=1, least=2),
            '--window must be 0.2 seconds or more, 2 frames of this video, got 0.1',
        ),
    ],
)
def test_windows_that_cannot_be(options, message):
    with pytest.raises(ValueError, match=message):
        windows(3, 10, **options)


@pytest.mark.parametrize(
    ('sampler', 'seconds'),
    [
        (SampleFrames(clip_len=8, frame_interval=4, num_clips=1), 32 / 25),
        (SampleFrames(clip_len=8, frame_interval=4, target_fps=10), 3.2),
        (SampleFrames(clip_len=1, num_clips=8), 8),
        (SampleFrames(clip_len=5, num_clips=3), 3),
        (SegmentSampleFrames(6, 3), 3),
        (SegmentSampleFrames(50, 1), 2),
        (StridedSampleFrames(1, 5, stride=10), 41 / 25),
        (FixedRateSampleFrames(2.0, 6), 0.5),
    ],
)
def test_what_a_sampler_is_made_for(sampler, seconds):
    assert window_length(sampler, 25) == pytest.approx(seconds)
