"""A made-up video for pipelines to read, as a file and as a folder of frames."""

import string
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video

# Pixels of the noise; finer noise does not compress as videos do.
GRAIN = 8


@dataclass(frozen=True)
class MadeVideo:
    """Noise that moves, written when it is first asked for.

    Attributes:
        folder: Where its files go; others of another size may be there.
        frames: Number of frames.
        fps: Frames per second.
        size: Width and height in pixels, even. The default is what Kinetics is usually
            scaled to, and ten seconds of it.
    """

    folder: Path
    frames: int = 300
    fps: int = 30
    size: tuple[int, int] = (340, 256)

    @property
    def description(self) -> str:
        """Size, length and rate in words."""
        width, height = self.size
        return f'{width}×{height}, {self.frames} frames, {self.fps} fps'

    def video(self) -> Path:
        """The video as MPEG-4."""
        path = self.folder / f'{self._name}.mp4'
        if not path.exists():
            write_video(path, self._pictures(3), self.fps)
        return path

    def frame_folder(self, rgb: str, fields: str, first: int) -> Path:
        """A folder of JPEG files: RGB frames, and optical flow for as many.

        Args:
            rgb: File name of a frame, to be formatted with its number.
            fields: File name of one direction of a field, to be formatted with the
                direction and the number.
            first: Number of the first frame.
        """
        kind = ''.join(c if c.isalnum() else '_' for c in f'{rgb} {fields} {first}')
        folder = self.folder / f'{self._name}_{kind}'
        if folder.exists():
            return folder
        for i, picture in enumerate(self._pictures(3), first):
            _write(folder / rgb.format(i), picture)
        for i, picture in enumerate(self._pictures(1), first):
            for axis in ('x', 'y'):
                _write(folder / fields.format(axis, i), picture)
        return folder

    @property
    def _name(self) -> str:
        width, height = self.size
        return f'{width}x{height}x{self.frames}at{self.fps}'

    def _pictures(self, channels: int) -> NDArray[np.uint8]:
        """(frames, H, W, channels); the noise moves by a pixel a frame."""
        width, height = self.size
        coarse = np.random.default_rng(0).integers(
            0, 256, (height // GRAIN, width // GRAIN, channels), dtype=np.uint8
        )
        whole = cv2.resize(coarse, self.size).reshape(height, width, channels)
        return np.stack([np.roll(whole, i, axis=1) for i in range(self.frames)])


def count_values(template: str) -> int:
    """How many values a template of a file name takes."""
    return sum(name is not None for _, name, _, _ in string.Formatter().parse(template))


def _write(path: Path, picture: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not cv2.imwrite(str(path), picture):
        raise OSError(f'{path} cannot be written; is the disk full?')
