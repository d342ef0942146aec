"""Pictures of optical flow: colours, scale, places, and the frames that are shown."""

import numpy as np
import pytest
from small_videos import write_small_video

from tpn_tsn_plugin.datasets.extraction.pictures import (
    Shown,
    Title,
    colour_scale,
    colours,
    draw_side_by_side,
    draw_strip,
)
from tpn_tsn_plugin.datasets.extraction.show import ShownVideo
from tpn_tsn_plugin.errors import PluginError

TITLE = Title('clip.mp4', 'dis')


def field_of(x, y, size=(30, 40)):
    return np.full((*size, 2), (x, y), np.float32)


def shown(field, steadied=True, size=(30, 40)):
    frame = np.full((*size, 3), (200, 30, 60), np.uint8)
    return Shown(7, 0.28, frame, field, field_of(0, 0), steadied)


@pytest.mark.parametrize(
    ('motion', 'colour'),
    [((5, 0), (255, 0, 0)), ((0, 0), (255, 255, 255))],
)
def test_colours_of_right_and_of_rest(motion, colour):
    painted = colours(field_of(*motion), 5)
    assert painted.dtype == np.uint8
    assert painted.shape == (30, 40, 3)
    assert np.abs(painted.astype(int) - colour).max() <= 1


def test_directions_have_colours_of_their_own():
    ways = [(4, 0), (-4, 0), (0, 4), (0, -4), (3, 3), (-3, 3), (3, -3), (-3, -3)]
    painted = {tuple(colours(field_of(*way), 5)[0, 0]) for way in ways}
    assert len(painted) == 8


def test_longer_motion_is_stronger_up_to_the_scale():
    greens = [int(colours(field_of(x, 0), 8)[0, 0, 1]) for x in (0, 2, 4, 8, 16, 99)]
    assert greens == sorted(greens, reverse=True)
    assert greens[:4] == pytest.approx([255, 191, 128, 0], abs=1)
    assert greens[3] == greens[4] == greens[5]


def test_scale_is_the_same_for_all_fields():
    """What else moves in a picture changes no colour."""
    alone = field_of(2, 1)
    beside = alone.copy()
    beside[:, 20:] = (-40, 3)
    assert np.array_equal(colours(alone, 6)[:, :20], colours(beside, 6)[:, :20])


@pytest.mark.parametrize(
    ('lengths', 'scale'),
    [((0, 0), 1), ((0.4, 0.9), 1), ((3, 4.2), 5), ((0, 13), 15), ((0, 250.2), 251)],
)
def test_scale_is_round_and_holds_nearly_all(lengths, scale):
    assert colour_scale([field_of(0, -length) for length in lengths]) == scale


def test_few_outliers_do_not_choose_the_scale():
    field = field_of(3, 0)
    field[0, :3] = (90, 0)
    assert colour_scale([field]) == 3


def test_strip_shows_frames_above_their_motion():
    strip = draw_strip([shown(field_of(5, 0)), shown(field_of(-5, 0))], 5, TITLE, 80)
    tiles = [
        [tuple(strip[98 + row * 66 + 30, 128 + column * 86 + 40]) for column in (0, 1)]
        for row in range(3)
    ]
    assert tiles[0] == [(200, 30, 60)] * 2
    assert tiles[1][0] == (255, 0, 0)
    assert tiles[1][1] != tiles[1][0]
    assert tiles[2] == [(255, 255, 255)] * 2
    legend = strip[:, 128 + 2 * 86 :]
    assert len(np.unique(legend.reshape(-1, 3), axis=0)) > 500


def test_unclear_camera_motion_is_written_down():
    plain, marked = (
        draw([shown(field_of(0, 0), steadied)])
        for draw in [lambda items: draw_strip(items, 5, TITLE, 200)]
        for steadied in (True, False)
    )
    changed = np.argwhere((plain != marked).any(axis=-1))
    assert len(changed) > 50
    assert changed[:, 0].min() > 98 + 2 * 156


@pytest.mark.parametrize('size', [(30, 40), (45, 33), (310, 57)])
@pytest.mark.parametrize('width', [80, 81])
def test_video_frames_have_even_sides(size, width):
    frame = np.zeros((*size, 3), np.uint8)
    still = field_of(0, 0, size)
    item = Shown(0, 0.0, frame, still, still, False)
    height, across, _ = draw_side_by_side(item, 5, TITLE, width).shape
    assert (height % 2, across % 2) == (0, 0)
    assert height > size[0] * width / size[1]


@pytest.fixture
def video(tmp_path):
    return write_small_video(tmp_path / 'clip.mp4', count=12)


def test_frames_from_all_over_the_video(video):
    source = ShownVideo(video, 'dis')
    assert (source.fields, source.size, source.fps) == (11, (64, 48), 10.0)
    assert source.spread(1) == [5]
    assert source.spread(3) == [1, 5, 9]
    assert source.spread(99) == list(range(11))


def test_neighbouring_frames_from_a_time_on(video):
    source = ShownVideo(video, 'dis')
    assert source.following(3, 0) == [0, 1, 2]
    assert source.following(99, 0.9) == [9, 10]
    with pytest.raises(PluginError, match=r'1\.10 s with motion .* start=60; begin'):
        source.following(5, 60)


def test_what_is_shown_is_computed(video):
    first, second = ShownVideo(video, 'dis').compute([0, 7])
    assert (first.index, second.index, second.seconds) == (0, 7, 0.7)
    for item in (first, second):
        # The texture drifts by (-2, -1), and that is all that moves.
        assert item.frame.shape == (48, 64, 3)
        np.testing.assert_allclose(np.median(item.field, (0, 1)), (-2, -1), atol=0.2)
        assert item.steadied
        assert np.linalg.norm(item.warped, axis=-1).mean() < 0.5


def test_video_of_one_frame_is_refused(tmp_path):
    path = write_small_video(tmp_path / 'still.mp4', count=1)
    with pytest.raises(PluginError, match=r'still\.mp4 has one frame only'):
        ShownVideo(path, 'dis')
