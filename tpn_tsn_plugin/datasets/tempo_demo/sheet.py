"""What contact sheets are drawn with: text, tiles and traces on a white picture.

Positions and sizes are in pixels of the sheet, points are (x, y), colours RGB.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .options import SceneOptions
from .scene import Colour, Track

Point = tuple[int, int]
Image = NDArray[np.uint8]

TILE, GAP, TRACE_WIDTH = 84, 4, 260
INK: Colour = (32, 32, 36)
PALE: Colour = (110, 110, 120)
PANEL: Colour = (243, 243, 246)
TRACES: dict[str, Colour] = {
    'x': (202, 62, 71),
    'y': (47, 101, 186),
    'size': (38, 138, 84),
}


def new_sheet(height: int, width: int) -> Image:
    """A white picture, (height, width, 3)."""
    return np.full((height, width, 3), 255, np.uint8)


def write_text(
    sheet: Image,
    text: str,
    place: Point,
    scale: float = 0.5,
    colour: Colour = INK,
    centred: bool = False,
) -> int:
    """Write a line of text on its baseline and return its width."""
    font, weight = cv2.FONT_HERSHEY_SIMPLEX, 2 if scale >= 0.8 else 1
    (width, _), _ = cv2.getTextSize(text, font, scale, weight)
    x = place[0] - width // 2 if centred else place[0]
    cv2.putText(sheet, text, (x, place[1]), font, scale, colour, weight, cv2.LINE_AA)
    return int(width)


def draw_tile(sheet: Image, corner: Point, frame: Image) -> None:
    """Draw a frame, (H, W, 3), as a square of ``TILE`` pixels a side."""
    x, y = corner
    tile = cv2.resize(frame, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    sheet[y : y + TILE, x : x + TILE] = tile


def draw_trace(sheet: Image, corner: Point, track: Track, scene: SceneOptions) -> None:
    """Draw x, y and size over time, each around its mean on a common scale."""
    left, top = corner
    cv2.rectangle(sheet, corner, (left + TRACE_WIDTH, top + TILE), PANEL, -1)
    across = np.linspace(left, left + TRACE_WIDTH, len(track.x))
    reach = scene.size * scene.travel[1]
    for values, colour in zip(
        (track.x, track.y, track.radius), TRACES.values(), strict=True
    ):
        middle = (values.max() + values.min()) / 2
        up = (values - middle) / reach * (TILE / 2 - 6)
        points = np.stack([across, top + TILE / 2 - up], axis=1)
        line = np.round(points).astype(np.int32)
        cv2.polylines(sheet, [line], False, colour, 1, cv2.LINE_AA)


def draw_trace_legend(sheet: Image, place: Point) -> None:
    """Name the lines of :func:`draw_trace`, from ``place`` to the right."""
    x, y = place
    x += write_text(sheet, 'true', place, 0.5) + 12
    for name, colour in TRACES.items():
        x += write_text(sheet, name, (x, y), 0.5, colour) + 12


def draw_trace_axis(sheet: Image, place: Point, scene: SceneOptions) -> None:
    """Write the seconds below a trace, from ``place`` to the right."""
    left, y = place
    seconds = scene.num_frames / scene.fps
    for second in range(int(seconds) + 1):
        x = left + round(second / seconds * TRACE_WIDTH)
        write_text(sheet, f'{second}', (x, y), 0.42, PALE, centred=True)
    centre = left + TRACE_WIDTH // 2
    write_text(sheet, 'time in seconds', (centre, y + 22), 0.48, INK, centred=True)


def save_sheet(path: Path, sheet: Image) -> None:
    """Write a sheet as PNG.

    Raises:
        OSError: OpenCV cannot write the file.
    """
    if not cv2.imwrite(str(path), sheet[..., ::-1]):
        raise OSError(f'OpenCV cannot write {path}')
