"""One picture that shows what both streams see of a clip of every class.

Positions and sizes are in pixels of the sheet, points are (x, y), colours RGB.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.tempo_demo.classes import MOTIONS
from tpn_tsn_plugin.datasets.tempo_demo.sheet import (
    GAP,
    PALE,
    TILE,
    TRACE_WIDTH,
    Image,
    Point,
    draw_tile,
    draw_trace,
    draw_trace_axis,
    draw_trace_legend,
    new_sheet,
    save_sheet,
    write_text,
)
from tpn_tsn_plugin.functional.optical_flow import estimate

from .classes import CLASS_NAMES, HUES, object_and_motion
from .clips import draw_clip, plan_clip, to_rgb
from .options import CorrespondenceOptions, CorrespondenceScene

# Fields of a stack; a snippet has a frame more.
FIELDS = 5
# Speed in pixels per frame that is drawn in full brightness.
FULL_SPEED = 3.0
OBJECT_GAP = 12
LEFT, TOP, BOTTOM = 210, 104, 60
FIELDS_LEFT = LEFT + (FIELDS + 1) * (TILE + GAP) + 3 * GAP
TRACE_LEFT = FIELDS_LEFT + FIELDS * (TILE + GAP) + 4 * GAP


def write_contact_sheet(path: Path, options: CorrespondenceOptions) -> None:
    """Draw the first training clip of every class.

    A row holds a snippet from the middle of the clip, the optical flow between its
    frames, and the true place and size of the object that moves over the whole clip.
    The clips are drawn anew from their streams, so the sheet is the same whatever the
    sizes of the splits.

    Args:
        path: PNG file to write.
        options: Seed and scene.
    """
    scene = options.scene
    sheet = new_sheet(_row(len(CLASS_NAMES)) + BOTTOM, TRACE_LEFT + TRACE_WIDTH + 16)
    for label in range(len(CLASS_NAMES)):
        rng = options.stream('train', label)
        tracks, truth = plan_clip(rng, scene, label)
        frames = draw_clip(rng, scene, tracks)[_middle(scene)]
        _draw_label(sheet, label, scene, truth['tempo_hz'])
        _draw_streams(sheet, _row(label), frames)
        draw_trace(sheet, (TRACE_LEFT, _row(label)), tracks[0], scene)
    _draw_header(sheet, scene)
    below = _row(len(CLASS_NAMES)) - OBJECT_GAP + 12
    draw_trace_axis(sheet, (TRACE_LEFT, below), scene)
    save_sheet(path, sheet)


def colour_field(field: NDArray[np.float32]) -> Image:
    """Colour a field of pixels, (H, W, 2): the hue is the direction, black is rest."""
    speed, angle = cv2.cartToPolar(field[..., 0], field[..., 1], angleInDegrees=True)
    value = np.clip(speed / FULL_SPEED, 0, 1) * 255
    hsv = np.stack([angle / 2, np.full_like(angle, 255), value], axis=-1)
    return np.asarray(cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB), np.uint8)


def _middle(scene: CorrespondenceScene) -> slice:
    start = max(0, (scene.num_frames - FIELDS - 1) // 2)
    return slice(start, start + FIELDS + 1)


def _row(label: int) -> int:
    return TOP + label * (TILE + GAP) + label // len(MOTIONS) * OBJECT_GAP


def _draw_streams(sheet: Image, top: int, frames: Image) -> None:
    """Draw frames, (T, H, W, 3), and beside them the T - 1 fields between them."""
    for index, frame in enumerate(frames):
        draw_tile(sheet, (LEFT + index * (TILE + GAP), top), frame)
    grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    for index, field in enumerate(estimate(map(np.asarray, grey))):
        corner = FIELDS_LEFT + index * (TILE + GAP), top
        draw_tile(sheet, corner, colour_field(field))


def _draw_header(sheet: Image, scene: CorrespondenceScene) -> None:
    write_text(sheet, 'Correspondence demo data: one clip per class', (16, 38), 0.9)
    seconds = scene.num_frames / scene.fps
    about = (
        f'class = the object that moves x its motion; {scene.num_frames} frames of '
        f'{scene.size} x {scene.size} at {scene.fps} fps, {seconds:g} s'
    )
    write_text(sheet, about, (16, 66), 0.5, PALE)
    apart = f'{1000 / scene.fps:g} ms apart'
    write_text(sheet, f'RGB: frames {apart}', (LEFT, TOP - 12))
    write_text(sheet, 'optical flow between them', (FIELDS_LEFT, TOP - 12))
    _draw_wheel(sheet, (TRACE_LEFT - 5 * GAP - 24, TOP - 32))
    draw_trace_legend(sheet, (TRACE_LEFT, TOP - 12))


def _draw_wheel(sheet: Image, corner: Point) -> None:
    """Draw what the colours of :func:`colour_field` mean, as a disc."""
    x, y = corner
    radius = 12
    away = np.mgrid[-radius : radius + 1, -radius : radius + 1][::-1].astype(np.float32)
    wheel = colour_field(np.moveaxis(away, 0, -1) * np.float32(FULL_SPEED / radius))
    inside = np.hypot(*away) <= radius
    sheet[y : y + len(wheel), x : x + len(wheel)][inside] = wheel[inside]


def _draw_label(
    sheet: Image, label: int, scene: CorrespondenceScene, tempo_hz: float
) -> None:
    name, motion = object_and_motion(label)
    middle = _row(label) + TILE // 2
    brightness, saturation = sum(scene.brightness) / 2, sum(scene.saturation) / 2
    colour = to_rgb(brightness, saturation, HUES[name])
    cv2.circle(sheet, (26, middle - 18), 8, colour, -1, cv2.LINE_AA)
    write_text(sheet, name, (42, middle - 13), 0.55)
    write_text(sheet, motion.replace('_', ' '), (16, middle + 8), 0.55)
    write_text(sheet, f'{tempo_hz:.2f} Hz', (16, middle + 30), 0.45, PALE)
