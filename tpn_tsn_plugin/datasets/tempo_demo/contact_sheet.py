"""One picture that shows a clip of every class of the tempo task, frame by frame.

Positions and sizes are in pixels of the sheet, points are (x, y), colours RGB.
"""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .classes import CLASS_NAMES, TEMPO_BANDS_HZ, motion_and_tempo
from .clips import draw_video, plan_clip
from .options import SceneOptions, TempoOptions
from .sheet import (
    GAP,
    INK,
    PALE,
    TILE,
    TRACE_WIDTH,
    Image,
    draw_tile,
    draw_trace,
    draw_trace_axis,
    draw_trace_legend,
    new_sheet,
    save_sheet,
    write_text,
)

# Frames this many seconds apart: even the fastest tempo moves between two of them
# by less than half a cycle, so the eye follows it.
STEP_SECONDS = 0.2
COLUMNS = 10
MOTION_GAP = 12
LEFT, TOP, BOTTOM = 200, 104, 60


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
    height = _row(len(CLASS_NAMES)) + BOTTOM
    sheet = new_sheet(height, trace_left + TRACE_WIDTH + 4 * GAP)
    for label in range(len(CLASS_NAMES)):
        rng = options.stream('train', label)
        track, truth = plan_clip(rng, scene, label)
        frames = draw_video(rng, scene, [track])[shown]
        _draw_label(sheet, label, truth['tempo_hz'])
        for index, frame in enumerate(frames):
            draw_tile(sheet, (_column(index), _row(label)), frame)
        draw_trace(sheet, (trace_left, _row(label)), track, scene)
    _draw_header(sheet, scene, trace_left)
    _draw_axes(sheet, shown / scene.fps, trace_left, scene)
    save_sheet(path, sheet)


def _column(index: int) -> int:
    return LEFT + index * (TILE + GAP)


def _row(label: int) -> int:
    return TOP + label * (TILE + GAP) + label // len(TEMPO_BANDS_HZ) * MOTION_GAP


def _draw_header(sheet: Image, scene: SceneOptions, trace_left: int) -> None:
    write_text(sheet, 'Tempo demo data: one clip per class', (16, 38), 0.9)
    seconds = scene.num_frames / scene.fps
    about = (
        f'class = motion x tempo; {scene.num_frames} frames of {scene.size} x '
        f'{scene.size} at {scene.fps} fps, {seconds:g} s'
    )
    write_text(sheet, about, (16, 66), 0.5, PALE)
    draw_trace_legend(sheet, (trace_left, TOP - 12))
    write_text(sheet, 'frames from the start of the clip', (LEFT, TOP - 12), 0.5)


def _draw_label(sheet: Image, label: int, tempo_hz: float) -> None:
    motion, tempo = motion_and_tempo(label)
    middle = _row(label) + TILE // 2
    write_text(sheet, motion.replace('_', ' '), (16, middle - 14), 0.55)
    write_text(sheet, tempo, (16, middle + 8), 0.55)
    write_text(sheet, f'{tempo_hz:.2f} Hz', (16, middle + 30), 0.45, PALE)


def _draw_axes(
    sheet: Image, shown: NDArray[np.float64], trace_left: int, scene: SceneOptions
) -> None:
    ticks = _row(len(CLASS_NAMES)) + 8 - MOTION_GAP
    names = ticks + 22
    for index, second in enumerate(shown):
        middle = _column(index) + TILE // 2
        write_text(
            sheet, f'{second:.2f}', (middle, ticks + 4), 0.42, PALE, centred=True
        )
    centre = (LEFT + _column(len(shown))) // 2
    write_text(sheet, 'time in seconds', (centre, names + 4), 0.48, INK, centred=True)
    draw_trace_axis(sheet, (trace_left, ticks + 4), scene)
