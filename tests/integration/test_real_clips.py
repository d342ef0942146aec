"""Training on two of the real clips, through the runner, from the own-videos config."""

import pytest
from mmengine.runner import Runner
from two_real_clips import train_on_two_clips

CONFIG = 'configs/demo/tpn-slowonly_r18_1xb8-8x8x1-30e_own-videos-rgb.py'

pytestmark = pytest.mark.integration


@pytest.fixture
def config(repo_root, media_dir, tmp_path):
    options = {
        'model.neck.aux_head.num_classes': 2,
        'default_hooks.checkpoint.interval': 30,
        'train_cfg.val_interval': 10,
    }
    return train_on_two_clips(repo_root / CONFIG, media_dir, tmp_path, options)


def test_two_real_clips_are_learned(config):
    runner = Runner.from_cfg(config)
    runner.train()
    # MMAction2 logs the accuracy of each training batch; here a batch is all clips.
    history, _ = runner.message_hub.get_scalar('train/top1_acc').data
    assert list(history[-3:]) == [1.0, 1.0, 1.0]
    # Four clips times three crops of each video, none of them mixed.
    assert runner.test()['acc/top1'] == 1.0
