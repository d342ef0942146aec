"""Two real clips of two classes, as a user's own videos."""

from pathlib import Path
from typing import Any

from mmengine.config import Config

CLIPS = (('arm_wrestling.mp4', 0), ('apply_eye_makeup.avi', 1))


def train_on_two_clips(
    config: Path, media_dir: Path, folder: Path, options: dict[str, Any]
) -> Config:
    """An own-videos config as a user changes it on the command line."""
    clips = folder / 'clips.txt'
    clips.write_text(''.join(f'{name} {label}\n' for name, label in CLIPS))
    changes = {
        'work_dir': str(folder / 'work'),
        'model.cls_head.num_classes': len(CLIPS),
        'randomness.seed': 0,
        'default_hooks.checkpoint.save_best': None,
    }
    for loader in ('train', 'val', 'test'):
        changes |= {
            f'{loader}_dataloader.dataset.ann_file': str(clips),
            f'{loader}_dataloader.dataset.data_prefix.video': str(media_dir),
            f'{loader}_dataloader.num_workers': 0,
            f'{loader}_dataloader.persistent_workers': False,
        }
    cfg = Config.fromfile(config)
    cfg.merge_from_dict(changes | options)
    return cfg
