"""Pictures of optical flow: frames, colours for motion, and what the colours mean.

Positions and sizes are in pixels of the picture, points are (x, y), colours RGB. H and
W are a frame's height and width.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import mmcv
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.tempo_demo.sheet import (
    INK,
    PALE,
    Image,
    Point,
    new_sheet,
    write_text,
)

Field = NDArray[np.float32]

GAP, MARGIN = 6, 16
LEFT, TOP = 128, 98
WHEEL, LEGEND = 62, 220
LEGEND_HEIGHT = 2 * WHEEL + 140
# Lengths that the rim of the colour wheel may stand for, in pixels.
STEPS = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100)
# The share of all pixels that move less than the rim.
INSIDE = 0.99
ROWS = (('frame',), ('optical flow',), ('optical flow', 'without the', 'camera motion'))


@dataclass(frozen=True)
class Shown:
    """A frame and its motion to the next one.

    Attributes:
        index: Which frame of the video, from 0.
        seconds: When it is shown.
        frame: (H, W, 3).
        field: Optical flow, (H, W, 2).
        warped: Optical flow without the camera's motion, (H, W, 2).
        steadied: Whether the camera's motion could be told.
    """

    index: int
    seconds: float
    frame: Image
    field: Field
    warped: Field
    steadied: bool


@dataclass(frozen=True)
class Title:
    """What is written above.

    Attributes:
        name: The video's.
        about: How the optical flow was made.
    """

    name: str
    about: str


def colour_scale(fields: Sequence[Field]) -> float:
    """Choose the length that has the strongest colour.

    Args:
        fields: Fields that are shown with it.

    Returns:
        A round number of pixels, which nearly all pixels do not exceed.
    """
    lengths = np.concatenate([np.linalg.norm(f, axis=-1).ravel() for f in fields])
    wanted = float(np.quantile(lengths, INSIDE))
    return next((step for step in STEPS if step >= wanted), float(np.ceil(wanted)))


def colours(field: Field, scale: float) -> Image:
    """Paint a field: a colour for its direction, stronger for longer ones.

    Args:
        field: (H, W, 2), in pixels.
        scale: Length that has the strongest colour; longer ones have it too.

    Returns:
        (H, W, 3), white where nothing moves.
    """
    lengths = np.linalg.norm(field, axis=-1, keepdims=True)
    inside = field * np.minimum(1, scale / np.maximum(lengths, 1e-6))
    # MMCV takes the longest of a field for its scale: a row of that length is added.
    rim = np.full((1, *field.shape[1:]), (scale, 0), np.float32)
    painted = mmcv.flow2rgb(np.concatenate([inside, rim]))[:-1]
    return np.rint(255 * painted).astype(np.uint8)


def draw_strip(shown: Sequence[Shown], scale: float, title: Title, width: int) -> Image:
    """Draw frames from left to right, their motion below, and a legend.

    Args:
        shown: Frames, all of one size.
        scale: As in :func:`colours`.
        title: What is written above.
        width: Of each frame in the picture.
    """
    height = round(shown[0].frame.shape[0] * width / shown[0].frame.shape[1])
    across = LEFT + len(shown) * (width + GAP) + LEGEND
    down = TOP + max(len(ROWS) * (height + GAP) + MARGIN, LEGEND_HEIGHT)
    sheet = new_sheet(down, across)
    _write_title(sheet, title)
    for row, lines in enumerate(ROWS):
        middle = TOP + row * (height + GAP) + height // 2
        for line, text in enumerate(lines):
            write_text(sheet, text, (MARGIN, middle + 20 * line), 0.45)
    for column, item in enumerate(shown):
        left = LEFT + column * (width + GAP)
        text = f'frame {item.index}, {item.seconds:.2f} s'
        write_text(sheet, text, (left, TOP - 10), 0.45, PALE)
        for row, image in enumerate(_images(item, scale)):
            corner = (left, TOP + row * (height + GAP))
            _draw_tile(sheet, corner, (width, height), image)
        if not item.steadied:
            bottom = TOP + len(ROWS) * (height + GAP) - GAP - 8
            write_text(sheet, 'camera motion unclear', (left + 6, bottom), 0.4)
    _draw_legend(sheet, (across - LEGEND + MARGIN, TOP), scale)
    return sheet


def draw_side_by_side(item: Shown, scale: float, title: Title, width: int) -> Image:
    """Draw a frame and its motion beside it, as one frame of a video.

    Args:
        item: The frame.
        scale: As in :func:`colours`.
        title: What is written above.
        width: Of the frame in the picture.

    Returns:
        A picture of even height and width, as video codecs need it.
    """
    height = round(item.frame.shape[0] * width / item.frame.shape[1])
    across = MARGIN + len(ROWS) * (width + GAP) + LEGEND
    down = TOP + max(height + MARGIN, LEGEND_HEIGHT)
    sheet = new_sheet(down + down % 2, across + across % 2)
    _write_title(sheet, title)
    for column, image in enumerate(_images(item, scale)):
        left = MARGIN + column * (width + GAP)
        text = ' '.join(ROWS[column])
        if column == 0:
            text = f'frame {item.index}, {item.seconds:.2f} s'
        elif column == 2 and not item.steadied:
            text = 'camera motion unclear: plain optical flow'
        write_text(sheet, text, (left, TOP - 10), 0.45)
        _draw_tile(sheet, (left, TOP), (width, height), image)
    _draw_legend(sheet, (across - LEGEND + MARGIN, TOP), scale)
    return sheet


def _images(item: Shown, scale: float) -> list[Image]:
    return [item.frame, colours(item.field, scale), colours(item.warped, scale)]


def _write_title(sheet: Image, title: Title) -> None:
    write_text(sheet, title.name, (MARGIN, 34), 0.8)
    write_text(sheet, title.about, (MARGIN, 60), 0.45, PALE)


def _draw_tile(
    sheet: Image, corner: Point, size: tuple[int, int], image: Image
) -> None:
    (left, top), (width, height) = corner, size
    shrinks = width < image.shape[1]
    way = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    tile: Any = cv2.resize(image, size, interpolation=way)
    sheet[top : top + height, left : left + width] = tile
    edge = (left + width - 1, top + height - 1)
    cv2.rectangle(sheet, corner, edge, (205, 205, 210), 1)


def _draw_legend(sheet: Image, corner: Point, scale: float) -> None:
    """Draw the colour wheel: a point moves as its colour's place lies to the centre."""
    left, top = corner
    x, y = left + 40, top + 24
    ticks = np.linspace(-1, 1, 2 * WHEEL + 1, dtype=np.float32)
    disc = np.dstack(np.meshgrid(ticks, ticks))
    inside = np.linalg.norm(disc, axis=-1) <= 1
    place = sheet[y : y + len(ticks), x : x + len(ticks)]
    place[inside] = colours(disc * np.float32(scale), scale)[inside]
    centre = (x + WHEEL, y + WHEEL)
    cv2.circle(sheet, centre, WHEEL, PALE, 1, cv2.LINE_AA)
    cv2.drawMarker(sheet, centre, INK, cv2.MARKER_CROSS, 9, 1)
    write_text(sheet, 'up', (centre[0], y - 8), 0.42, PALE, centred=True)
    below = y + 2 * WHEEL + 18
    write_text(sheet, 'down', (centre[0], below), 0.42, PALE, centred=True)
    write_text(sheet, 'left', (left + 6, centre[1] + 4), 0.42, PALE)
    write_text(sheet, 'right', (x + 2 * WHEEL + 8, centre[1] + 4), 0.42, PALE)
    lines = ('colour: where a point moves', f'rim: {scale:g} px a frame, or more')
    for number, text in enumerate((*lines, 'white: it stands still')):
        write_text(sheet, text, (left, below + 28 + 20 * number), 0.42)
