"""Camera motion: it is found and removed, what moves otherwise stays."""

from itertools import pairwise

import cv2
import decord
import numpy as np
import pytest

from tpn_tsn_plugin.functional.camera_motion import (
    camera_motion,
    estimate_warped,
    estimate_warped_pairs,
    steady,
)
from tpn_tsn_plugin.functional.optical_flow import (
    ALGORITHMS,
    estimate,
    estimate_pairs,
)

SIZE = (120, 160)


def texture(seed=0, size=SIZE, blur=2):
    noise = np.random.default_rng(seed).uniform(0, 255, size)
    noise = cv2.GaussianBlur(noise, (0, 0), blur)
    return cv2.normalize(noise, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)


def homography(shift=(0, 0), degrees=0.0, zoom=1.0, size=SIZE):
    """Rotation and zoom about the centre of the picture, then a shift."""
    centre = (size[1] / 2, size[0] / 2)
    motion = np.eye(3)
    motion[:2] = cv2.getRotationMatrix2D(centre, degrees, zoom)
    motion[:2, 2] += shift
    return motion


def moved(frame, motion):
    """The frame as a camera sees it that moves by ``motion``."""
    return cv2.warpPerspective(
        frame, motion, frame.shape[::-1], borderMode=cv2.BORDER_REFLECT_101
    )


def displacements(motion, size):
    """How far a homography moves each pixel, (H, W, 2)."""
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    points = np.dstack([x, y])
    return cv2.perspectiveTransform(points, motion) - points


def mean_length(field, mask):
    return np.linalg.norm(field, axis=-1)[mask].mean()


MOTIONS = {
    'shift': homography((5, -3)),
    'rotation': homography(degrees=2),
    'zoom': homography(zoom=1.04),
    'all': homography((-7, 4), -3, 0.96),
    'perspective': homography((2, 2)) + np.array([[0] * 3, [0] * 3, [2e-4, 1e-4, 0]]),
}


@pytest.mark.parametrize('name', MOTIONS)
def test_homography_is_found(name):
    before = texture()
    after = moved(before, MOTIONS[name])
    (field,) = estimate([before, after])
    found = camera_motion(before, after, field)
    off = displacements(found, SIZE) - displacements(MOTIONS[name], SIZE)
    assert np.abs(off).max() < 0.5


@pytest.mark.parametrize('name', MOTIONS)
@pytest.mark.parametrize('algorithm', ['dis', 'farneback'])
def test_static_scene_stands_still(name, algorithm):
    before = texture()
    ((field, found),) = estimate_warped(
        [before, moved(before, MOTIONS[name])], algorithm
    )
    assert found
    imposed = displacements(MOTIONS[name], SIZE)
    everywhere = np.ones(SIZE, bool)
    assert mean_length(field, everywhere) < 0.1 * mean_length(imposed, everywhere)


def test_what_moves_in_the_scene_still_moves():
    before, after = texture(), texture()
    patch = texture(1)[:40, :40]
    before[40:80, 40:80] = patch
    after[40:80, 44:84] = patch
    inside = np.zeros(SIZE, bool)
    inside[46:74, 50:74] = True
    background = np.ones(SIZE, bool)
    background[32:88, 32:92] = background[:4] = background[:, :8] = False
    ((field, found),) = estimate_warped([before, moved(after, homography((6, 0)))])
    assert found
    np.testing.assert_allclose(np.median(field[inside], axis=0), (4, 0), atol=0.3)
    assert mean_length(field, background) < 0.6


def test_real_background_stands_still(media_dir):
    """A clip from a fixed camera, shifted and rotated: a tenth of that is left."""
    reader = decord.VideoReader(str(media_dir / 'flipping_pancake.mkv'))
    images = reader.get_batch(range(100, 108)).asnumpy()
    frames = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in images]
    size = frames[0].shape
    rng = np.random.default_rng(0)
    imposed, left = [], []
    for before, after in pairwise(frames):
        motion = homography(rng.uniform(-6, 6, 2), rng.uniform(-1.5, 1.5), size=size)
        (own,) = estimate([before, after])
        ((field, found),) = estimate_warped([before, moved(after, motion)])
        assert found
        background = np.linalg.norm(own, axis=-1) < 0.3
        assert background.mean() > 0.5
        imposed.append(mean_length(displacements(motion, size), background))
        left.append(mean_length(field, background))
    assert np.mean(imposed) > 3
    assert np.mean(left) < 0.1 * np.mean(imposed)


def test_result_depends_on_the_pair_alone():
    frames = [moved(texture(), homography((3 * n, n), n)) for n in range(4)]
    together = list(estimate_warped(frames))
    cv2.setRNGSeed(5)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        pairs = [(frames[2], frames[3]), (frames[0], frames[1])]
        apart = list(estimate_warped_pairs(pairs))
    finally:
        cv2.setNumThreads(threads)
    assert np.array_equal(apart[0][0], together[2][0])
    assert np.array_equal(apart[1][0], together[0][0])


@pytest.mark.parametrize(
    ('before', 'after'),
    [
        # nothing to match: flat, and one edge
        (np.full(SIZE, 90, np.uint8), np.full(SIZE, 90, np.uint8)),
        (np.tri(*SIZE, dtype=np.uint8) * 255,) * 2,
        # another scene
        (texture(2), texture(3)),
        # farther than a camera gets
        (texture(), moved(texture(), homography(zoom=1.8))),
    ],
)
def test_without_camera_motion_it_is_plain_optical_flow(before, after):
    ((field, found),) = estimate_warped([before, after])
    (plain,) = estimate_pairs([(before, after)])
    assert not found
    assert np.array_equal(field, plain)


def test_motion_that_is_no_camera_motion_is_none():
    frame = texture()
    x = np.broadcast_to(np.arange(160, dtype=np.float32), SIZE)
    zeros = np.zeros_like(x)
    for field, found in [
        (np.dstack([zeros + 75, zeros]), True),
        (np.dstack([zeros + 85, zeros]), False),
        (np.dstack([159 - 2 * x, zeros]), False),
        (displacements(homography(zoom=1.35), SIZE), True),
        (displacements(homography(zoom=1.45), SIZE), False),
        (displacements(homography(zoom=0.65), SIZE), False),
    ]:
        assert (camera_motion(frame, frame, field) is not None) == found


@pytest.mark.parametrize('at_once', [False, True])
def test_flags_stay_with_their_fields(at_once, monkeypatch):
    if at_once:
        dis = ALGORITHMS['dis']
        batched = dis._replace(run=lambda *given: iter(list(dis.run(*given))))
        monkeypatch.setitem(ALGORITHMS, 'dis', batched)
    frame = texture()
    shifted = moved(frame, homography((4, 2)))
    frames = [frame, shifted, *[texture(7)] * 3]
    assert [found for _, found in estimate_warped(frames)] == [True, False, True, True]


def test_frames_too_small_for_keypoints_have_corners():
    small = texture(size=(48, 48), blur=1.2)
    after = moved(small, homography((2, 1), size=small.shape))
    ((field, found),) = estimate_warped([small, after])
    assert found
    assert mean_length(field, np.ones(small.shape, bool)) < 0.3


def test_what_was_out_of_sight_is_filled():
    before, after = np.full(SIZE, 200, np.uint8), np.full(SIZE, 100, np.uint8)
    warped = steady(before, after, homography((10, 0)))
    assert (warped[:, :-11] == 100).all()
    assert (warped[:, -10:] == 200).all()
    assert (before == 200).all()


def test_parameters_and_errors_are_those_of_optical_flow():
    frames = [texture(), moved(texture(), homography((2, 0)))]
    plain, other = (
        next(estimate_warped(frames, 'farneback', parameters))[0]
        for parameters in ({}, {'win_size': 5})
    )
    assert not np.array_equal(plain, other)
    with pytest.raises(ValueError, match=r"algorithm must be one of .*, got 'tvl2'"):
        list(estimate_warped(frames, 'tvl2'))
    with pytest.raises(ValueError, match='needs grey frames'):
        list(estimate_warped([np.zeros((32, 32, 3), np.uint8)] * 2))
