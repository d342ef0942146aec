"""The demo config that computes its optical flow where the model is."""

import math
from pathlib import Path

import pytest
from demo_runs import BATCH, DemoRuns
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[2]
NAME = 'tsn-online_r18_1xb16-6x1x1-12e_correspondence-demo-flow'
PATH = ROOT / f'configs/demo/{NAME}.py'
SIZES = dict(train=8, val=4, test=4)
SCENE = dict(num_frames=12)

pytestmark = pytest.mark.integration


def test_trains_validates_and_tests(tmp_path):
    runs = DemoRuns(tmp_path, sizes=SIZES, scene=SCENE)
    few = dict(scales_number=2, warpings_number=2, outer_iterations=2)
    run = runs.run(PATH, **{'model.data_preprocessor.parameters': few})
    assert len(run.seen.losses) == SIZES['train'] / BATCH
    assert all(math.isfinite(loss) and loss > 0 for loss in run.seen.losses)
    assert 'backbone.conv1.conv.weight' in run.seen.changed
    assert len(run.seen.tested) == SIZES['test']
    assert 0 <= run.metrics['acc/top1'] <= 1


def test_everything_else_is_the_config_of_the_transform():
    online = Config.fromfile(PATH)
    before = Config.fromfile(
        PATH.parents[1] / f'two_stream/{NAME.replace("-online", "")}.py'
    )
    for config in (online, before):
        config.model.data_preprocessor.pop('type')
        for split in ('train', 'val', 'test'):
            config[f'{split}_dataloader'].dataset.pop('pipeline')
    for key in ('model', 'optim_wrapper', 'train_dataloader', 'test_dataloader'):
        assert online[key] == before[key]
