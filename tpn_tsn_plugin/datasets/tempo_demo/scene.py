"""Drawing of moving shapes on a textured background, as pure functions.

Shape letters: T frames, H and W pixels. Lengths are in pixels, colours are RGB.
Any task whose pictures are shapes that move can be drawn with this file: it knows
tracks, not classes.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

# OpenCV reads polygon corners as fixed-point numbers with this many binary digits.
SUBPIXEL_BITS = 8
# Resolution of the random grid that a background is enlarged from.
BACKGROUND_CELLS = 6

FloatArray = NDArray[np.float64]
Colour = tuple[int, int, int]


def _star(points: int, inner: float) -> FloatArray:
    angles = np.arange(2 * points) * np.pi / points
    radii = np.where(np.arange(2 * points) % 2, inner, 1.0)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def _polygon(corners: int) -> FloatArray:
    angles = np.arange(corners) * 2 * np.pi / corners
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


# Outlines of circumradius 1 around the origin, one row (x, y) per corner.
SHAPES: dict[str, FloatArray] = {
    'disc': _polygon(32),
    'triangle': _polygon(3),
    'square': _polygon(4),
    'star': _star(5, 0.45),
    'cross': _star(4, 0.40),
}


@dataclass(frozen=True)
class Track:
    """One object and where it is in every frame.

    Attributes:
        shape: A key of ``SHAPES``.
        colour: RGB, 0 to 255.
        angle: Rotation in radians, the same in all frames.
        x: Horizontal centre in pixels, (T,).
        y: Vertical centre in pixels, (T,).
        radius: Circumradius in pixels, (T,).
    """

    shape: str
    colour: Colour
    angle: float
    x: FloatArray
    y: FloatArray
    radius: FloatArray

    def outline(self, frame: int, shift: FloatArray) -> NDArray[np.int32]:
        """Corners of the object in one frame, in OpenCV's fixed-point pixels."""
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        turned = SHAPES[self.shape] @ np.array([[cos, sin], [-sin, cos]])
        centre = np.array([self.x[frame], self.y[frame]]) + shift
        corners = centre + self.radius[frame] * turned
        return np.round(corners * 2**SUBPIXEL_BITS).astype(np.int32)


def random_background(
    rng: np.random.Generator, size: int, margin: int, contrast: float
) -> NDArray[np.uint8]:
    """Draw a smooth random texture.

    Args:
        rng: Source of randomness.
        size: Height and width of the picture in pixels.
        margin: Pixels beyond each border, for a camera that moves.
        contrast: Largest deviation of a channel from the mean colour.

    Returns:
        (size + 2 margin, size + 2 margin, 3), RGB.
    """
    mean = rng.uniform(50, 120, size=3)
    shape = (BACKGROUND_CELLS, BACKGROUND_CELLS, 3)
    grid = mean + rng.uniform(-contrast, contrast, size=shape)
    side = size + 2 * margin
    texture = cv2.resize(grid, (side, side), interpolation=cv2.INTER_CUBIC)
    return np.clip(texture, 0, 255).astype(np.uint8)


def random_colour(rng: np.random.Generator) -> Colour:
    """Draw a colour that stands out from the darker, greyer backgrounds."""
    hue, saturation = rng.integers(0, 180), rng.integers(120, 256)
    hsv = np.array([[[hue, saturation, rng.integers(190, 256)]]], np.uint8)
    red, green, blue = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)[0, 0].tolist()
    return red, green, blue


def render(
    tracks: list[Track],
    background: NDArray[np.uint8],
    camera: FloatArray,
    noise: float,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Draw every frame of a video.

    Args:
        tracks: The objects, from back to front.
        background: From :func:`random_background`; its margin follows from its size
            and the camera's largest displacement.
        camera: Displacement of the whole scene in pixels, (T, 2) as x, y.
        noise: Standard deviation of the pixel noise, drawn anew in each frame.
        rng: Source of the noise.

    Returns:
        Frames, (T, H, W, 3), RGB.
    """
    margin = camera_margin(camera)
    size = background.shape[0] - 2 * margin
    frames = np.empty((len(camera), size, size, 3), np.uint8)
    for index, shift in enumerate(camera):
        window = np.array([[1, 0, shift[0] - margin], [0, 1, shift[1] - margin]])
        frame = cv2.warpAffine(background, window, (size, size))
        for track in tracks:
            corners = track.outline(index, shift)
            cv2.fillPoly(frame, [corners], track.colour, cv2.LINE_AA, SUBPIXEL_BITS)
        frames[index] = frame
    if noise > 0:
        grain = rng.standard_normal(frames.shape, dtype=np.float32) * noise
        frames = np.clip(frames + grain, 0, 255).astype(np.uint8)
    return frames


def camera_margin(camera: FloatArray) -> int:
    """Pixels that a background needs beyond each border under this camera."""
    return int(np.ceil(np.abs(camera).max())) + 1
