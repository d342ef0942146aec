"""What is written on frames: the most probable classes, each with a bar.

Positions and sizes are in pixels of the frame, colours RGB.
"""

from collections.abc import Sequence

import numpy as np
from matplotlib.font_manager import findfont
from numpy.typing import NDArray
from PIL import Image as Pictures
from PIL import ImageDraw, ImageFont

from .report import Ranked

Image = NDArray[np.uint8]

# Of the height of a frame, and at least so many pixels.
TEXT_SHARE, LEAST_TEXT = 0.036, 13
BACKGROUND = (12, 14, 20, 175)
INK = (255, 255, 255, 255)
PALE = (190, 196, 206, 255)
BAR, BAR_EMPTY = (98, 168, 255, 255), (78, 84, 96, 255)
# Of the width of a frame.
WIDEST = 0.94


class Overlay:
    """A box in the upper left corner of frames of one size.

    Args:
        heading: The line above, pale.
        ranked: Classes and their probabilities.
        size: Height and width of a frame.
    """

    def __init__(
        self, heading: str, ranked: Sequence[Ranked], size: tuple[int, int]
    ) -> None:
        height, width = size
        text = max(LEAST_TEXT, round(height * TEXT_SHARE))
        self._font = ImageFont.truetype(findfont('DejaVu Sans'), text)
        self._small = ImageFont.truetype(findfont('DejaVu Sans'), round(0.8 * text))
        line, pad = round(1.45 * text), round(0.6 * text)
        percent = self._font.getlength('100.0 %') + pad
        room = WIDEST * width - percent - 2 * pad
        labels = [_shorten(entry.label, self._font, room) for entry in ranked]
        heading = _shorten(heading, self._small, WIDEST * width - 2 * pad)
        widths = [percent + self._font.getlength(label) for label in labels]
        widest = max([*widths, self._small.getlength(heading)])
        box = (round(widest) + 2 * pad, line * (len(labels) + 1) + pad)
        picture = Pictures.new('RGBA', box, BACKGROUND)
        draw = ImageDraw.Draw(picture)
        draw.text((pad, pad // 2), heading, PALE, self._small)
        for number, (entry, label) in enumerate(zip(ranked, labels, strict=True), 1):
            top = pad // 2 + number * line
            shown = f'{100 * entry.probability:.1f} %'
            left = percent - self._font.getlength(shown)
            draw.text((left, top), shown, INK, self._font)
            draw.text((pad + percent, top), label, INK, self._font)
            low, thick = top + round(1.22 * text), max(2, text // 7)
            full = box[0] - pad
            draw.rectangle((pad, low, full, low + thick), BAR_EMPTY)
            reach = pad + round((full - pad) * entry.probability)
            draw.rectangle((pad, low, reach, low + thick), BAR)
        layer = np.asarray(picture)[:height, :width].astype(np.float32)
        self._alpha = layer[..., 3:] / 255
        self._colour = layer[..., :3] * self._alpha

    def draw(self, frame: Image) -> Image:
        """Draw it on a copy of a frame, (H, W, 3)."""
        drawn = frame.copy()
        height, width = self._alpha.shape[:2]
        under = drawn[:height, :width]
        drawn[:height, :width] = np.rint(self._colour + (1 - self._alpha) * under)
        return drawn


def _shorten(text: str, font: ImageFont.FreeTypeFont, room: float) -> str:
    if font.getlength(text) <= room:
        return text
    while text and font.getlength(f'{text}…') > room:
        text = text[:-1]
    return f'{text.rstrip()}…'
