"""One picture that shows a clip of every class, frame by frame.

Positions and sizes are in pixels of the sheet, points are (x, y), colours RGB.
"""

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from .classes import CLASS_NAMES, TEMPO_BANDS_HZ, motion_and_tempo
from .clips import draw_video, plan_clip
from .options import SceneOptions, TempoOptions
from .scene import Track

Colour = tuple[int, int, int]
Point = tuple[int, int]
Image = NDArray[np.uint8]

# Frames this many seconds apart: even the fastest tempo moves between two of them
# by less than half a cycle, so the eye follows it.
STEP_SECONDS = 0.2
COLUMNS = 10
TILE, GAP, MOTION_GAP = 84, 4, 12
LEFT, TOP, BOTTOM, TRACE_WIDTH = 200, 104, 60, 260
INK: Colour = (32, 32, 36)
PALE: Colour = (110, 110, 120)
PANEL: Colour = (243, 243, 246)
TRACES: dict[str, Colour] = {
    'x': (202, 62, 71),
    'y': (47, 101, 186),
    'size': (38, 138, 84),
}


def write_contact_sheet(path: Path, options: TempoOptions) -> None:
    """Draw the first training clip of every class.

    A row holds frames from the clip's start, and the object's true place and size
    over the whole clip. The clips are drawn anew from their streams, so the sheet is
    the same whatever the sizes of the splits.

    Args:
        path: PNG file to write.
        options: Seed and scene.
    """
    scene = options.scene
    step = max(1, round(STEP_SECONDS * scene.fps))
    shown = np.arange(0, scene.num_frames, step)[:COLUMNS]
    trace_left = _column(len(shown)) + 4 * GAP
    size = (_row(len(CLASS_NAMES)) + BOTTOM, trace_left + TRACE_WIDTH + 4 * GAP, 3)
    sheet = np.full(size, 255, np.uint8)
    for label in range(len(CLASS_NAMES)):
        rng = options.stream('train', label)
        track, truth = plan_clip(rng, scene, label)
        frames = draw_video(rng, scene, [track])[shown]
        _draw_label(sheet, label, truth['tempo_hz'])
        for index, frame in enumerate(frames):
            _draw_tile(sheet, (_column(index), _row(label)), frame)
        _draw_trace(sheet, (trace_left, _row(label)), track, scene)
    _draw_header(sheet, scene, trace_left)
    _draw_axes(sheet, shown / scene.fps, trace_left, scene)
    if not cv2.imwrite(str(path), sheet[..., ::-1]):
        raise OSError(f'OpenCV cannot write {path}')


def _column(index: int) -> int:
    return LEFT + index * (TILE + GAP)


def _row(label: int) -> int:
    return TOP + label * (TILE + GAP) + label // len(TEMPO_BANDS_HZ) * MOTION_GAP


def _write(
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


def _draw_header(sheet: Image, scene: SceneOptions, trace_left: int) -> None:
    _write(sheet, 'Tempo demo data: one clip per class', (16, 38), 0.9)
    seconds = scene.num_frames / scene.fps
    about = (
        f'class = motion x tempo; {scene.num_frames} frames of {scene.size} x '
        f'{scene.size} at {scene.fps} fps, {seconds:g} s'
    )
    _write(sheet, about, (16, 66), 0.5, PALE)
    x = trace_left + _write(sheet, 'true', (trace_left, TOP - 12), 0.5) + 12
    for name, colour in TRACES.items():
        x += _write(sheet, name, (x, TOP - 12), 0.5, colour) + 12
    _write(sheet, 'frames from the start of the clip', (LEFT, TOP - 12), 0.5)


def _draw_label(sheet: Image, label: int, tempo_hz: float) -> None:
    motion, tempo = motion_and_tempo(label)
    middle = _row(label) + TILE // 2
    _write(sheet, motion.replace('_', ' '), (16, middle - 14), 0.55)
    _write(sheet, tempo, (16, middle + 8), 0.55)
    _write(sheet, f'{tempo_hz:.2f} Hz', (16, middle + 30), 0.45, PALE)


def _draw_tile(sheet: Image, corner: Point, frame: Image) -> None:
    x, y = corner
    tile = cv2.resize(frame, (TILE, TILE), interpolation=cv2.INTER_CUBIC)
    sheet[y : y + TILE, x : x + TILE] = tile


def _draw_trace(sheet: Image, corner: Point, track: Track, scene: SceneOptions) -> None:
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


def _draw_axes(
    sheet: Image, shown: NDArray[np.float64], trace_left: int, scene: SceneOptions
) -> None:
    ticks = _row(len(CLASS_NAMES)) + 8 - MOTION_GAP
    names = ticks + 22
    for index, second in enumerate(shown):
        middle = _column(index) + TILE // 2
        _write(sheet, f'{second:.2f}', (middle, ticks + 4), 0.42, PALE, centred=True)
    centre = (LEFT + _column(len(shown))) // 2
    _write(sheet, 'time in seconds', (centre, names + 4), 0.48, INK, centred=True)
    seconds = scene.num_frames / scene.fps
    for second in range(int(seconds) + 1):
        x = trace_left + round(second / seconds * TRACE_WIDTH)
        _write(sheet, f'{second}', (x, ticks + 4), 0.42, PALE, centred=True)
    centre = trace_left + TRACE_WIDTH // 2
    _write(sheet, 'time in seconds', (centre, names + 4), 0.48, INK, centred=True)
