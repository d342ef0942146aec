"""Samples of a moving texture, as decoding leaves them."""

import cv2
import numpy as np

SIZE = (48, 64)
SHIFT = (1.5, -1.0)


def moving_texture(count=12, shift=SHIFT):
    """RGB frames of a coloured texture that moves by ``shift`` pixels in each step."""
    rng = np.random.default_rng(0)
    texture = cv2.GaussianBlur(rng.uniform(0, 255, (144, 192, 3)), (0, 0), 3)
    texture = cv2.normalize(texture, None, 0, 255, cv2.NORM_MINMAX)
    for step in range(count):
        x, y = step * np.array(shift, float) - SIZE
        move = np.array([[1, 0, x], [0, 1, y]])
        yield cv2.warpAffine(texture, move, SIZE[::-1]).astype(np.uint8)


def moving_sample(starts=(0, 4, 7), clip_len=3, **changes):
    """Snippets of ``clip_len`` frames from the frames ``starts`` on."""
    frames = list(moving_texture())
    indices = np.add.outer(starts, np.arange(clip_len)).ravel()
    return {
        'imgs': [frames[i].copy() for i in indices],
        'frame_inds': indices,
        'clip_len': clip_len,
        'num_clips': len(starts),
        'total_frames': len(frames),
        'filename': 'clip.mp4',
        'modality': 'RGB',
        'img_shape': SIZE,
        'label': 1,
        **changes,
    }
