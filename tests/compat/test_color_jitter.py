"""Shifting the hue under NumPy 2."""

import json

import cv2
import numpy as np
import pytest

from tpn_tsn_plugin.compat import color_jitter

SHIFT = """
import numpy as np
from mmaction.datasets.transforms import ColorJitter
print(ColorJitter.adjust_hue(np.full((1, 1, 3), [200, 30, 60]), -0.1).round().tolist())
"""


def test_host_still_has_the_fault(fresh_python):
    done = fresh_python('-c', SHIFT)
    assert 'OverflowError' in done.stderr, 'compat/color_jitter.py can go'


def test_plugin_repairs_it(fresh_python):
    done = fresh_python('-c', 'import tpn_tsn_plugin' + SHIFT)
    assert done.returncode == 0, done.stderr
    # A red turned 25 half degrees back is a magenta.
    red, green, blue = json.loads(done.stdout)[0][0]
    assert red > 190
    assert green < 35
    assert 100 < blue < 220


@pytest.mark.parametrize('factor', [-0.1, -0.004, 0.0, 0.05, 0.1])
def test_hue_turns_by_the_shift_and_comes_back(factor):
    rng = np.random.default_rng(0)
    hsv = rng.integers([0, 100, 100], [180, 255, 255], (8, 8, 3)).astype(np.uint8)
    img = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB).astype(np.float32)
    turned = color_jitter.adjust_hue(img, factor)
    assert turned.dtype == np.float32
    before, after = (
        cv2.cvtColor(x.astype(np.uint8), cv2.COLOR_RGB2HSV)[..., 0].astype(int)
        for x in (img, turned)
    )
    difference = (after - before - int(factor * 255) + 90) % 180 - 90
    assert np.abs(difference).max() <= 2
