"""Optical flow without the camera's motion, in the pipeline."""

import cv2
import numpy as np
import pytest
from mmengine.registry import DefaultScope
from moving_samples import SIZE, moving_sample

from tpn_tsn_plugin.datasets.transforms import ComputeOpticalFlow, WarpOpticalFlow
from tpn_tsn_plugin.datasets.transforms import warp_optical_flow as module
from tpn_tsn_plugin.functional.camera_motion import estimate_warped
from tpn_tsn_plugin.functional.optical_flow import quantise
from tpn_tsn_plugin.registry import TRANSFORMS


def with_a_cut():
    """A sample whose second snippet changes the scene between its frames."""
    results = moving_sample(starts=(0, 4, 7), clip_len=2)
    noise = np.random.default_rng(1).integers(0, 256, (*SIZE, 3), dtype=np.uint8)
    results['imgs'][3] = cv2.GaussianBlur(noise, (0, 0), 2)
    return results


def test_camera_motion_is_gone():
    moving = ComputeOpticalFlow('dis')(moving_sample())['imgs']
    steady = WarpOpticalFlow('dis')(moving_sample())
    assert steady['unwarped_fields'] == 0
    assert np.abs(np.array(moving, int) - 128).mean() > 5
    assert np.abs(np.array(steady['imgs'], int) - 128).mean() < 1


def test_fields_are_those_of_the_function():
    before = moving_sample(starts=[0], clip_len=4)
    greys = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in before['imgs']]
    wanted = [quantise(field, 5) for field, _ in estimate_warped(greys, 'farneback')]
    results = WarpOpticalFlow('farneback', 5, keep_rgb='centre')(before)
    assert (results['modality'], results['clip_len']) == ('RGB+Flow', 3)
    assert np.array_equal(results['imgs'][1:], wanted)


@pytest.mark.parametrize('cached', [False, True])
def test_plain_fields_are_counted(cached, tmp_path):
    warp = WarpOpticalFlow('dis', cache_dir=str(tmp_path) if cached else None)
    for _ in range(2):
        results = warp(with_a_cut())
        assert results['unwarped_fields'] == 1
    plain = ComputeOpticalFlow('dis')(with_a_cut())
    assert np.array_equal(results['imgs'][1], plain['imgs'][1])


@pytest.fixture
def said(monkeypatch):
    """Lines of the log; the first may come after three fields."""
    lines = []
    monkeypatch.setattr(module, 'FIRST_REPORT', 3)
    monkeypatch.setattr(module, 'print_log', lambda text, **_: lines.append(text))
    return lines


def test_share_is_logged_now_and_then(said):
    warp = WarpOpticalFlow('dis')
    counts = []
    for _ in range(12):
        warp(with_a_cut())
        counts.append(len(said))
    assert counts == [1] * 9 + [2] * 3
    assert said[0].startswith('WarpOpticalFlow: 1 of 3 fields (33.3%) keep the camera')
    assert '10 of 30 fields (33.3%)' in said[1]


def test_nothing_is_logged_where_all_is_well(said):
    WarpOpticalFlow('dis')(moving_sample())
    assert said == []


def test_is_registered_and_names_itself_in_errors():
    with DefaultScope.overwrite_default_scope('mmaction'):
        built = TRANSFORMS.build({'type': 'WarpOpticalFlow', 'algorithm': 'dis'})
    assert repr(built).startswith("WarpOpticalFlow(algorithm='dis', bound=20.0, ")
    with pytest.raises(ValueError, match='WarpOpticalFlow needs snippets of 2 frames'):
        built(moving_sample(clip_len=1))
