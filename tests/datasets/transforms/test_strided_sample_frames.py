"""Snippets at a stride: distances, places, short videos."""

import numpy as np
import pytest

from tpn_tsn_plugin.datasets.transforms import StridedSampleFrames
from tpn_tsn_plugin.errors import PluginError


def sample(total, start_index=0, **options):
    results = {'total_frames': total, 'start_index': start_index}
    results = StridedSampleFrames(**options)(results)
    shape = (-1, results['num_clips'], results['clip_len'])
    return results['frame_inds'].reshape(shape)


def test_snippets_are_a_stride_apart_and_hold_neighbours():
    np.random.seed(0)
    seen = set()
    for _ in range(200):
        (view,) = sample(200, clip_len=11, num_clips=5, stride=(5, 15))
        steps = set(np.diff(view[:, 0]))
        assert len(steps) == 1
        seen |= steps
        assert (np.diff(view, axis=1) == 1).all()
        assert view.min() >= 0
        assert view.max() < 200
    assert seen == set(range(5, 16))


def test_all_places_are_reached():
    np.random.seed(0)
    starts = {sample(20, num_clips=3, stride=4)[0, 0, 0] for _ in range(300)}
    assert starts == set(range(20 - 8))


def test_views_of_testing_are_spread_evenly():
    views = sample(
        101, clip_len=1, num_clips=3, stride=(5, 15), num_views=4, test_mode=True
    )
    assert (np.diff(views[:, :, 0], axis=1) == 10).all()
    assert views[:, 0, 0].tolist() == [10, 30, 50, 70]


def test_frames_count_from_the_first_index():
    options = dict(clip_len=2, num_clips=2, stride=5, test_mode=True)
    assert (sample(50, 1, **options) == sample(50, 0, **options) + 1).all()


@pytest.mark.parametrize('total', range(1, 40))
@pytest.mark.parametrize('test_mode', [False, True])
def test_short_videos_shrink_the_stride(total, test_mode):
    (view,) = sample(
        total, clip_len=6, num_clips=3, stride=(5, 15), test_mode=test_mode
    )
    assert view.min() >= 0
    assert view.max() < total
    if total >= 16:
        assert (np.diff(view[:, 0]) >= 5).all()
        assert (np.diff(view, axis=1) == 1).all()


def test_one_snippet_needs_no_stride():
    assert sample(9, clip_len=3, num_clips=1, test_mode=True).tolist() == [[[3, 4, 5]]]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(clip_len=0), 'clip_len.*0'),
        (dict(num_clips=0), 'num_clips.*0'),
        (dict(num_views=0), 'num_views.*0'),
        (dict(stride=0), 'stride.*0'),
        (dict(stride=(5, 3)), r'stride must be.*\(5, 3\)'),
        (dict(stride=(5,)), r'stride must be.*\(5,\)'),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        StridedSampleFrames(**options)


def test_a_video_without_frames_is_named():
    with pytest.raises(PluginError, match=r'a\.mp4'):
        StridedSampleFrames()(
            {'total_frames': 0, 'start_index': 0, 'filename': 'a.mp4'}
        )
