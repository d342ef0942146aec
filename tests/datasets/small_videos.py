"""Small videos to extract from, and what came of it."""

import cv2
import numpy as np

from tpn_tsn_plugin.datasets.tempo_demo.video_io import write_video


def write_small_video(path, count=6, seed=0, size=(48, 64)):
    """Write a video of a texture that drifts, ``count`` frames of (H, W)."""
    rng = np.random.default_rng(seed)
    height, width = size
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (100, 120, 3)), (0, 0), 2)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX).astype(np.uint8)
    frames = [texture[i : i + height, 2 * i : 2 * i + width] for i in range(count)]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_video(path, np.stack(frames), fps=10)
    return path


def contents(folder):
    """All files below a folder, hidden ones included, and what is in them."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob('*'))
        if path.is_file()
    }
