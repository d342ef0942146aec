"""One picture that shows a clip of every class of the instances task.

Positions and sizes are in pixels of the sheet, points are (x, y).
"""

from pathlib import Path

import numpy as np

from tpn_tsn_plugin.datasets.tempo_demo import sheet as sheets
from tpn_tsn_plugin.datasets.tempo_demo.classes import CLASS_NAMES
from tpn_tsn_plugin.datasets.tempo_demo.clips import draw_video

from .clips import plan_instance
from .options import InstanceOptions

COLUMNS = 10
LEFT, TOP = 220, 72


def write_contact_sheet(path: Path, options: InstanceOptions) -> None:
    """Draw a clip of every class: frames, and the true motion.

    Args:
        path: PNG file to write.
        options: Seed and scene.
    """
    scene, row = options.scene, sheets.TILE + sheets.GAP
    shown = np.linspace(0, scene.num_frames - 1, COLUMNS).round().astype(int)
    right = LEFT + COLUMNS * row + 2 * sheets.GAP
    bottom = TOP + len(CLASS_NAMES) * row
    sheet = sheets.new_sheet(bottom + 40, right + sheets.TRACE_WIDTH + 16)
    sheets.write_text(sheet, 'Tempo demo data: one cycle per clip', (16, 34), 0.8)
    sheets.draw_trace_legend(sheet, (right, TOP - 12))
    for label, name in enumerate(CLASS_NAMES):
        rng = options.stream('train', label)
        track, truth = plan_instance(rng, scene, label)
        top = TOP + label * row
        title = name.replace('_', ' ')
        sheets.write_text(sheet, title, (16, top + 40), 0.5)
        start, end = truth['segment']
        times = f'{start:.2f} to {end:.2f} s'
        sheets.write_text(sheet, times, (16, top + 60), 0.45, sheets.PALE)
        for column, frame in enumerate(draw_video(rng, scene, [track])[shown]):
            sheets.draw_tile(sheet, (LEFT + column * row, top), frame)
        sheets.draw_trace(sheet, (right, top), track, scene)
    for column, second in enumerate(shown / scene.fps):
        place = (LEFT + column * row + sheets.TILE // 2, bottom + 14)
        sheets.write_text(sheet, f'{second:.2f} s', place, 0.42, sheets.PALE, True)
    sheets.draw_trace_axis(sheet, (right, bottom + 10), scene)
    sheets.save_sheet(path, sheet)
