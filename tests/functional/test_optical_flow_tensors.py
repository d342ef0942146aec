"""Grey frames and stored levels on tensors are those of the CPU's way, all of them."""

import cv2
import numpy as np
import pytest
import torch

from tpn_tsn_plugin.functional.optical_flow import quantise
from tpn_tsn_plugin.functional.optical_flow_tensors import grey_frames, quantise_fields


def test_grey_is_opencvs():
    rng = np.random.default_rng(0)
    frames = rng.integers(0, 256, (2, 64, 512, 3), dtype=np.uint8)
    expected = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in frames]
    grey = grey_frames(torch.from_numpy(frames).permute(0, 3, 1, 2))
    assert np.array_equal(grey, expected)
    assert grey.dtype == torch.uint8


@pytest.mark.parametrize('bound', [20.0, 7.3, 8])
def test_levels_are_those_of_files(bound):
    rng = np.random.default_rng(0)
    field = rng.normal(scale=12, size=(50_000, 2)).astype(np.float32)
    levels = quantise_fields(torch.from_numpy(field), bound)
    assert levels.dtype == torch.uint8
    assert np.array_equal(levels, quantise(field, bound))


@pytest.mark.parametrize(
    ('frames', 'message'),
    [
        (torch.zeros(1, 3, 4, 4), 'type uint8 .*, got torch.float32 with 3 channels'),
        (torch.zeros(1, 2, 4, 4, dtype=torch.uint8), 'got torch.uint8 with 2 channels'),
    ],
)
def test_other_frames_are_refused(frames, message):
    with pytest.raises(ValueError, match=message):
        grey_frames(frames)
