"""MMAction2's ``ColorJitter`` stops at a negative shift of the hue under NumPy 2.

It adds a Python integer to an array of bytes, which NumPy 2 refuses where the integer
is negative (``OverflowError: Python integer -1 out of bounds for uint8``), so that
training with MMAction2's own TPN configs ends at a random step. No upstream issue is
known (the code is in mmaction/datasets/transforms/processing.py).
"""

from importlib import import_module

import cv2
import numpy as np
from numpy.typing import NDArray

from tpn_tsn_plugin.compat.repair import Repair

# Not imported above: MMAction2 may need the other repairs before it can be.
TRANSFORMS = 'mmaction.datasets.transforms'
# OpenCV keeps the hue of byte images in half degrees.
HUES = 180


def found() -> bool:
    """Tell whether a negative shift of the hue fails."""
    jitter = import_module(TRANSFORMS).ColorJitter
    try:
        jitter.adjust_hue(np.zeros((1, 1, 3), np.float32), -0.1)
    except OverflowError:
        return True
    return False


def repair() -> None:
    """Shift the hue in integers that can be negative."""
    import_module(TRANSFORMS).ColorJitter.adjust_hue = staticmethod(adjust_hue)


def adjust_hue(img: NDArray[np.floating], factor: float) -> NDArray[np.float32]:
    """Shift the hue of an image.

    Args:
        img: RGB image (H, W, 3), 0 to 255.
        factor: Shift; MMAction2 multiplies it by 255, not by the number of hues.

    Returns:
        RGB image (H, W, 3), 0 to 255.
    """
    hsv = cv2.cvtColor(np.clip(img, 0, 255).astype(np.uint8), cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + int(factor * 255)) % HUES
    return cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)


REPAIR = Repair(
    name='ColorJitter under NumPy 2',
    upstream='mmaction2, no issue known',
    effect='the hue can be shifted in both directions',
    found=found,
    repair=repair,
)
