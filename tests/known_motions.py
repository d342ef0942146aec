"""Pairs of frames whose optical flow is known, and real pairs."""

from pathlib import Path

import cv2
import numpy as np

MEDIA = Path(__file__).resolve().parents[2] / 'shared' / 'media'
CLIPS = ['apply_eye_makeup.avi', 'arm_wrestling.mp4', 'cleaning_pool.mp4']
CLIPS += ['cleaning_pool_short.mp4', 'flipping_pancake.mkv']

# What takes the points of one frame to those of the next, around its centre: moved by
# (x, y) pixels, turned by degrees, enlarged by a factor.
MOTIONS = {
    'right': dict(shift=(2.3, 0)),
    'up and left': dict(shift=(-1.6, -2.9)),
    'far down': dict(shift=(0.4, 5.5)),
    'turned': dict(degrees=2.5),
    'turned back': dict(degrees=-1.5),
    'nearer': dict(factor=1.04),
    'farther': dict(factor=0.97),
    'all of it': dict(shift=(1.2, -0.7), degrees=1.0, factor=1.02),
}
# Pixels at the border, from where there is something to see in one frame only.
MARGIN = 8


def moving_texture(shift=(0, 0), degrees=0, factor=1, size=(96, 112), seed=0):
    """A smooth random texture that moves.

    Returns:
        Two frames, (H, W) uint8 each, and the field (H, W, 2) between them.
    """
    height, width = size
    rng = np.random.default_rng(seed)
    beyond = 32
    whole = (height + 2 * beyond, width + 2 * beyond)
    texture = sum(
        sigma * cv2.GaussianBlur(rng.standard_normal(whole), (0, 0), sigma)
        for sigma in (1.5, 3, 6)
    )
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    centre = ((width - 1) / 2, (height - 1) / 2)
    # OpenCV turns the other way round, as its y axis points downwards.
    motion = cv2.getRotationMatrix2D(centre, -degrees, factor)
    motion[:, 2] += shift
    grid = np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1)
    field = grid @ motion[:, :2].T + motion[:, 2] - grid
    inverse = cv2.invertAffineTransform(motion)
    frames = []
    for points in (grid, grid @ inverse[:, :2].T + inverse[:, 2]):
        x, y = np.moveaxis(points.astype(np.float32) + beyond, -1, 0)
        seen = cv2.remap(texture.astype(np.float32), x, y, cv2.INTER_CUBIC)
        frames.append(np.clip(np.rint(seen), 0, 255).astype(np.uint8))
    return (*frames, field.astype(np.float32))


def end_point_difference(field, other, margin=0):
    """Mean distance of two fields' displacements, in pixels."""
    inner = slice(margin, -margin or None)
    off = np.linalg.norm(np.asarray(field) - np.asarray(other), axis=-1)
    return float(off[..., inner, inner].mean())


def real_pairs(name, count, short_side=None, first=10):
    """Neighbouring grey frames of a clip of the media folder.

    Returns:
        ``count`` pairs, (H, W) uint8 each, of which neighbours share no frame.
    """
    capture = cv2.VideoCapture(str(MEDIA / name))
    frames = []
    for _ in range(first + 2 * count):
        _, frame = capture.read()
        frames.append(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY))
    if short_side is not None:
        scale = short_side / min(frames[0].shape)
        frames = [
            cv2.resize(f, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
            for f in frames
        ]
    return list(zip(frames[first::2], frames[first + 1 :: 2], strict=True))
