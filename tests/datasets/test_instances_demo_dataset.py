"""Demo clips of one cycle: rest, motion for 1 / tempo seconds, rest."""

import json

import numpy as np
import pytest
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.datasets.tempo_demo import CLASS_NAMES, INSTANCES, InstanceOptions
from tpn_tsn_plugin.datasets.tempo_demo.instances.clips import plan_instance
from tpn_tsn_plugin.datasets.tempo_demo.instances.options import (
    SHORTEST_REST,
    InstanceSceneOptions,
)
from tpn_tsn_plugin.registry import DATASETS


@pytest.mark.parametrize('label', range(len(CLASS_NAMES)))
def test_one_cycle_between_two_rests(label):
    scene = InstanceSceneOptions()
    track, truth = plan_instance(np.random.default_rng(label), scene, label)
    start, end = truth['segment']
    assert end - start == pytest.approx(1 / truth['tempo_hz'])
    assert start >= SHORTEST_REST
    assert end <= scene.num_frames / scene.fps - SHORTEST_REST
    assert truth['label'] == label

    state = np.stack([track.x, track.y, track.radius])
    moves = np.abs(np.diff(state, axis=1)).max(axis=0) > 0
    frames = np.arange(1, scene.num_frames) / scene.fps
    assert not moves[frames <= start].any()
    assert not moves[frames - 1 / scene.fps >= end].any()
    assert moves[(frames > start) & (frames < end)].all()
    # the object is back where it was
    np.testing.assert_allclose(state[:, 0], state[:, -1], atol=1e-6)


def test_slowest_cycle_has_its_place():
    assert InstanceSceneOptions(num_frames=20, fps=4).num_frames == 20
    with pytest.raises(ValueError, match=r'at least 5 seconds \(20 frames at fps=4\)'):
        InstanceSceneOptions(num_frames=19, fps=4)


def test_dataset_makes_itself(tmp_path):
    init_default_scope('mmaction')
    dataset = DATASETS.build(
        dict(
            type='InstancesDemoDataset',
            data_root=str(tmp_path / 'data'),
            split='test',
            pipeline=[],
            num_videos=dict(test=3),
            scene=dict(size=16, num_frames=24, fps=4),
            workers=1,
        )
    )
    assert [dataset.get_data_info(i)['label'] for i in range(3)] == [0, 1, 2]
    assert dataset.metainfo['classes'] == CLASS_NAMES
    truths = json.loads((tmp_path / 'data' / 'test_truth.json').read_text())
    assert [record['num_frames'] for record in truths] == [24] * 3
    assert all(len(record['segment']) == 2 for record in truths)
    assert (tmp_path / 'data' / 'contact_sheet.png').stat().st_size > 1000


def test_only_tests_unless_asked():
    assert InstanceOptions().test == 120
    assert InstanceOptions().train == InstanceOptions().val == 0
    assert INSTANCES.default_root.endswith('demo_data/instances')
