"""Training and testing with every switch on, through the runner."""

from pathlib import Path

import pytest
import torch
from demo_runs import DemoRuns

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / 'configs/demo/tpn-slowonly_r18_1xb16-8x4x1-14e_tempo-demo-rgb.py'
SIZES = dict(train=8, val=4, test=4)
HOOKS = [
    dict(type='FastTrainingHook', convolutions='flat'),
    dict(type='ActivationCheckpointHook', modules=['backbone.layer*.*', 'neck']),
    dict(type='FastInferenceHook', dtype='float32', validation=True),
]

pytestmark = pytest.mark.integration


def test_the_same_training_validation_and_test(tmp_path):
    plain, fast = (
        DemoRuns(tmp_path / name, sizes=SIZES).run(CONFIG, custom_hooks=hooks)
        for name, hooks in (('plain', []), ('fast', HOOKS))
    )
    assert fast.seen.losses == pytest.approx(plain.seen.losses, rel=1e-3)
    assert fast.seen.changed == plain.seen.changed
    assert fast.metrics == pytest.approx(plain.metrics)
    assert len(fast.seen.tested) == SIZES['test']
    for before, after in zip(plain.seen.tested, fast.seen.tested, strict=True):
        torch.testing.assert_close(
            after.pred_score, before.pred_score, rtol=0, atol=1e-3
        )
