"""Optical flow with the camera's motion removed ("warped flow").

Shape letters: H and W pixels, T frames. A homography is (3, 3). Source: Wang and
Schmid, Action Recognition with Improved Trajectories (ICCV 2013), section 3.1: matches
of keypoints and of strong corners give a homography between two frames, the second
frame is warped back by it, and the optical flow is computed anew.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from itertools import pairwise, tee
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .optical_flow import estimate_pairs
from .optical_flow_algorithms import Field, Levels, Pair, Parameters

# As in the authors' code: more matches than the first, more inliers than the second.
LEAST_MATCHES, LEAST_INLIERS = 50, 25
CORNERS, CORNER_QUALITY, CORNER_DISTANCE = 1000, 0.001, 3
KEYPOINTS = 500
# Pixels. The authors take 1, which lets slow limbs in as background.
INLIER_ERROR = 0.5
# A camera does not get farther between two frames: the share of the longer side that a
# corner of the picture moves, and the factor by which its area changes.
FARTHEST, LARGEST_ZOOM = 0.5, 2.0

Points = NDArray[np.float32]
Homography = NDArray[Any]


def estimate_warped(
    frames: Iterable[Levels],
    algorithm: str = 'dis',
    parameters: Parameters | None = None,
) -> Iterator[tuple[Field, bool]]:
    """Estimate optical flow between neighbouring frames without the camera's part.

    Args:
        frames: T grey frames, (H, W) each, all of one size.
        algorithm: As in :func:`~.optical_flow.estimate`.
        parameters: As in :func:`~.optical_flow.estimate`.

    Returns:
        T - 1 fields, (H, W, 2), in pixels, each with whether the camera's motion was
        found. Where it was not, the field is plain optical flow.

    Raises:
        ValueError: As in :func:`~.optical_flow.estimate`.
        MissingDependencyError: The algorithm is not installed.
    """
    return estimate_warped_pairs(pairwise(frames), algorithm, parameters)


def estimate_warped_pairs(
    pairs: Iterable[Pair],
    algorithm: str = 'dis',
    parameters: Parameters | None = None,
) -> Iterator[tuple[Field, bool]]:
    """Estimate optical flow within pairs of frames without the camera's part.

    Args:
        pairs: Pairs of grey frames, (H, W) each, all of one size.
        algorithm: As in :func:`~.optical_flow.estimate`.
        parameters: As in :func:`~.optical_flow.estimate`.

    Returns:
        One field a pair, as in :func:`estimate_warped`.

    Raises:
        ValueError: As in :func:`~.optical_flow.estimate`.
        MissingDependencyError: The algorithm is not installed.
    """
    plain, kept = tee(pairs)
    fields = estimate_pairs(plain, algorithm, parameters)
    found: deque[bool] = deque()

    def steadied() -> Iterator[Pair]:
        for (before, after), field in zip(kept, fields, strict=True):
            motion = camera_motion(before, after, field)
            found.append(motion is not None)
            yield before, after if motion is None else steady(before, after, motion)

    for field in estimate_pairs(steadied(), algorithm, parameters):
        yield field, found.popleft()


def camera_motion(before: Levels, after: Levels, field: Field) -> Homography | None:
    """Find the homography that takes the background of one frame to the next.

    The result depends on nothing but the arguments: OpenCV seeds its random samples
    anew in each call.

    Args:
        before: Grey frame (H, W).
        after: The one after it.
        field: Optical flow (H, W, 2) from ``before`` to ``after``.

    Returns:
        The homography from points (x, y) of ``before`` to those of ``after``, or None:
        there are too few matches, too few of them agree, or what they agree on is no
        motion of a camera.
    """
    matches = [_corner_matches(before, field), _keypoint_matches(before, after)]
    starts, ends = (np.concatenate(points) for points in zip(*matches, strict=True))
    if len(starts) <= LEAST_MATCHES:
        return None
    motion, inliers = cv2.findHomography(starts, ends, cv2.RANSAC, INLIER_ERROR)
    if motion is None or np.count_nonzero(inliers) <= LEAST_INLIERS:
        return None
    return motion if _is_plausible(motion, before.shape) else None


def steady(before: Levels, after: Levels, motion: Homography) -> Levels:
    """Warp a frame back by the camera's motion.

    Args:
        before: Grey frame (H, W).
        after: The one after it.
        motion: Homography from ``before`` to ``after``.

    Returns:
        ``after`` as the camera of ``before`` would have seen it. What was out of sight
        is filled from ``before``, so that nothing moves there.
    """
    warped = cv2.warpPerspective(
        after,
        motion,
        before.shape[::-1],
        dst=before.copy(),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    return np.asarray(warped, np.uint8)


def _corner_matches(before: Levels, field: Field) -> tuple[Points, Points]:
    corners = cv2.goodFeaturesToTrack(before, CORNERS, CORNER_QUALITY, CORNER_DISTANCE)
    if corners is None:
        return _points([]), _points([])
    starts = _points(corners)
    x, y = starts.astype(int).T
    return starts, starts + field[y, x]


def _keypoint_matches(before: Levels, after: Levels) -> tuple[Points, Points]:
    detector = cv2.ORB.create(KEYPOINTS)
    (old, old_words), (new, new_words) = (
        detector.detectAndCompute(frame, None) for frame in (before, after)
    )
    if not old or not new:
        return _points([]), _points([])
    matcher = cv2.BFMatcher.create(cv2.NORM_HAMMING, crossCheck=True)
    matches = matcher.match(old_words, new_words)
    starts = [old[match.queryIdx].pt for match in matches]
    return _points(starts), _points([new[match.trainIdx].pt for match in matches])


def _points(coordinates: object) -> Points:
    return np.asarray(coordinates, np.float32).reshape(-1, 2)


def _is_plausible(motion: Homography, shape: tuple[int, ...]) -> bool:
    height, width = shape
    corners = _points([[0, 0], [width, 0], [width, height], [0, height]])
    homogeneous = np.c_[corners, np.ones(4)] @ motion.T
    # Points with another sign lie behind the camera.
    if not (homogeneous[:, 2] * motion[2, 2] > 0).all():
        return False
    moved = _points(homogeneous[:, :2] / homogeneous[:, 2:])
    farthest = np.linalg.norm(moved - corners, axis=1).max()
    zoom = cv2.contourArea(moved, oriented=True) / (width * height)
    return bool(
        farthest <= FARTHEST * max(shape) and 1 / LARGEST_ZOOM <= zoom <= LARGEST_ZOOM
    )
