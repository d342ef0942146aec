"""Training on two of the real clips, through the runner, from the own-videos config."""

import pytest
from mmengine.config import Config
from mmengine.runner import Runner

CLIPS = (('arm_wrestling.mp4', 0), ('apply_eye_makeup.avi', 1))
CONFIG = 'configs/demo/tpn-slowonly_r18_1xb8-8x8x1-30e_own-videos-rgb.py'

pytestmark = pytest.mark.integration


@pytest.fixture
def config(repo_root, media_dir, tmp_path):
    """The config as a user changes it on the command line."""
    clips = tmp_path / 'clips.txt'
    clips.write_text(''.join(f'{name} {label}\n' for name, label in CLIPS))
    cfg = Config.fromfile(repo_root / CONFIG)
    options = {
        'work_dir': str(tmp_path / 'work'),
        'model.cls_head.num_classes': 2,
        'model.neck.aux_head.num_classes': 2,
        'randomness.seed': 0,
        'default_hooks.checkpoint.interval': 30,
        'default_hooks.checkpoint.save_best': None,
        'train_cfg.val_interval': 10,
    }
    for loader in ('train', 'val', 'test'):
        options |= {
            f'{loader}_dataloader.dataset.ann_file': str(clips),
            f'{loader}_dataloader.dataset.data_prefix.video': str(media_dir),
            f'{loader}_dataloader.num_workers': 0,
            f'{loader}_dataloader.persistent_workers': False,
        }
    cfg.merge_from_dict(options)
    return cfg


def test_two_real_clips_are_learned(config):
    runner = Runner.from_cfg(config)
    runner.train()
    # MMAction2 logs the accuracy of each training batch; here a batch is all clips.
    history, _ = runner.message_hub.get_scalar('train/top1_acc').data
    assert list(history[-3:]) == [1.0, 1.0, 1.0]
    # Four clips times three crops of each video, none of them mixed.
    assert runner.test()['acc/top1'] == 1.0
