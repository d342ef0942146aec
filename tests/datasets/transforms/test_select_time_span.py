"""A time span is sampled as if it were the video."""

import pytest
from mmaction.datasets.transforms import SampleFrames
from mmengine.registry import DefaultScope

from tpn_tsn_plugin.datasets.transforms import SegmentSampleFrames, SelectTimeSpan
from tpn_tsn_plugin.errors import AnnotationError, PluginError
from tpn_tsn_plugin.registry import TRANSFORMS


def sample(span, total=100, start_index=0, fps=10.0):
    known = {'total_frames': total, 'start_index': start_index, 'filename': 'a.mp4'}
    return {**known, 'avg_fps': fps, 'time_span': span}


@pytest.mark.parametrize(
    ('span', 'first', 'count'),
    [
        ((2.0, 5.0), 20, 30),
        ((0, 10), 0, 100),
        ((2.04, 2.96), 20, 10),
        ((-1.0, 3.0), 0, 30),
        ((7.0, 99.0), 70, 30),
        ((4.0, 4.0), 40, 1),
        ((9.99, 20.0), 99, 1),
        ((-2.0, 0.0), 0, 1),
    ],
)
def test_span_in_seconds(span, first, count):
    results = SelectTimeSpan()(sample(span, start_index=1))
    assert (results['start_index'], results['total_frames']) == (first + 1, count)


def test_span_in_frames_excludes_its_end():
    results = SelectTimeSpan(unit='frames')({**sample((20, 24)), 'avg_fps': None})
    assert (results['start_index'], results['total_frames']) == (20, 4)


def test_spans_that_touch_share_no_frame():
    first = SelectTimeSpan()(sample((0.0, 3.33), total=200, fps=29.97))
    second = SelectTimeSpan()(sample((3.33, 3.4), total=200, fps=29.97))
    assert first['start_index'] + first['total_frames'] == second['start_index']


@pytest.mark.parametrize('test_mode', [False, True])
@pytest.mark.parametrize(
    'sampler',
    [
        lambda mode: SampleFrames(4, 2, 3, test_mode=mode),
        lambda mode: SampleFrames(1, num_clips=8, test_mode=mode),
        lambda mode: SegmentSampleFrames(5, 3, test_mode=mode),
    ],
)
@pytest.mark.parametrize('span', [(2.0, 5.0), (3.0, 3.2)])
def test_only_the_span_is_sampled(sampler, test_mode, span):
    for _ in range(20):
        results = SelectTimeSpan()(sample(span, start_index=1))
        indices = sampler(test_mode)(results)['frame_inds']
        assert indices.min() >= span[0] * 10 + 1
        assert indices.max() < span[1] * 10 + 1


@pytest.mark.parametrize('absent', [{}, {'time_span': None}])
def test_sample_without_span_keeps_its_video(absent):
    known = {'total_frames': 100, 'start_index': 1}
    results = SelectTimeSpan()({**known, **absent})
    assert (results['start_index'], results['total_frames']) == (1, 100)


@pytest.mark.parametrize(
    'span', [(10.0, 12.0), (12.0, 14.0), (-4.0, -1.0), (5.0, 4.0), (float('nan'), 4.0)]
)
def test_span_outside_the_video_is_an_error(span):
    message = r'does not lie in a\.mp4, which lasts 10 seconds; correct the annotation'
    with pytest.raises(AnnotationError, match=message):
        SelectTimeSpan()(sample(span))


def test_unknown_rate_is_an_error():
    with pytest.raises(PluginError, match=r'frame rate of a\.mp4 is not known'):
        SelectTimeSpan()(sample((1.0, 2.0), fps=None))
    assert SelectTimeSpan(fps=5)(sample((1.0, 2.0), fps=None))['total_frames'] == 5


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        ({'unit': 'minutes'}, r"unit must be one of \['seconds', 'frames'\]"),
        ({'fps': 0}, 'fps must be a number above 0, got 0'),
    ],
)
def test_wrong_options_are_named(options, message):
    with pytest.raises(ValueError, match=message):
        SelectTimeSpan(**options)


def test_is_registered():
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = TRANSFORMS.build({'type': 'SelectTimeSpan', 'unit': 'frames'})
    assert repr(built) == "SelectTimeSpan(unit='frames', fps=None)"
