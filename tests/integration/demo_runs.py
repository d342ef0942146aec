"""Short runs of demo configs on small data, and what they left."""

import copy
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.hooks import CheckpointHook, Hook
from mmengine.runner import Runner
from torch import Tensor, nn

SIZES = dict(train=16, val=12, test=12, untrimmed=4, untrimmed_train=4)
# Four frames a second make videos of half a minute short.
SCENE = dict(size=32, num_frames=24, fps=4)
BATCH = 4


def small(
    data_root: Path | None = None,
    sizes: dict[str, int] = SIZES,
    scene: dict[str, int] = SCENE,
) -> dict[str, Any]:
    """What makes a demo config short, as ``--cfg-options`` takes it."""
    options: dict[str, Any] = {
        'train_cfg.max_epochs': 1,
        'train_cfg.val_interval': 1,
        'train_dataloader.batch_size': BATCH,
        'randomness.seed': 0,
    }
    for loader in ('train_dataloader', 'val_dataloader', 'test_dataloader'):
        options |= {f'{loader}.num_workers': 0, f'{loader}.persistent_workers': False}
        dataset = f'{loader}.dataset'
        options |= {f'{dataset}.num_videos.{key}': n for key, n in sizes.items()}
        options |= {f'{dataset}.scene.{key}': n for key, n in scene.items()}
        if data_root is not None:
            options[f'{dataset}.data_root'] = str(data_root)
    return options


def run_mim(
    task: str, *arguments: str, config: Path, cwd: Path, env: dict[str, str]
) -> str:
    """What ``mim train`` or ``mim test`` prints in a user's folder."""
    done = subprocess.run(
        [sys.executable, '-m', 'mim', task, 'mmaction', str(config), *arguments],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=300,
    )
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed[-3000:]
    return printed


class Recorder(Hook):
    """Keeps what a run gives away; after all hooks that change or save the model."""

    priority = 'LOWEST'

    def __init__(self) -> None:
        self.started: dict[str, Tensor] = {}
        self.changed: set[str] = set()
        self.losses: list[float] = []
        self.validated = 0
        self.validation: dict[str, float] = {}
        self.tested: list[ActionDataSample] = []

    def before_train(self, runner):
        self.started = copy.deepcopy(runner.model.state_dict())

    def after_train(self, runner):
        self.changed = {
            name
            for name, value in runner.model.state_dict().items()
            if not value.equal(self.started[name])
        }

    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.losses.append(outputs['loss'].item())

    def after_val_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.validated += len(outputs)

    def after_val_epoch(self, runner, metrics=None):
        self.validation = dict(metrics)

    def after_test_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        self.tested += outputs


@dataclass
class Run:
    """A config trained, validated, and tested from its best checkpoint.

    Attributes:
        config: The config as it ran.
        seen: Losses, weights and predictions.
        checkpoints: Names of the files that training left.
        best_score: What training took for the best.
        rule: Which of two scores it takes for better.
        metrics: Of testing.
        head: The head that was tested.
    """

    config: Config
    seen: Recorder
    checkpoints: set[str]
    best_score: float
    rule: str
    metrics: dict[str, float]
    head: nn.Module


@dataclass
class DemoRuns:
    """Runs by config; every one runs once, and all share their data.

    Attributes:
        folder: Where data and work dirs go.
        keep: Configs whose checkpoints others need.
        sizes: Number of videos by split.
        scene: Options of the scene.
    """

    folder: Path
    keep: tuple[str, ...] = ()
    sizes: dict[str, int] = field(default_factory=lambda: SIZES)
    scene: dict[str, int] = field(default_factory=lambda: SCENE)
    done: dict[str, Run] = field(default_factory=dict)

    @property
    def data_root(self) -> Path:
        """Where the videos are."""
        return self.folder / 'data'

    def run(self, path: Path, **options: Any) -> Run:
        """Run a config, unless it has run already."""
        if path.stem not in self.done:
            self.done[path.stem] = self._run(path, options)
        return self.done[path.stem]

    def _run(self, path: Path, options: dict[str, Any]) -> Run:
        work_dir = self.folder / path.stem
        config = Config.fromfile(path)
        short = small(self.data_root, self.sizes, self.scene)
        config.merge_from_dict({**short, **options})
        config.work_dir = str(work_dir)
        recorder = Recorder()

        config.experiment_name = f'{path.stem}-train'
        trainer = Runner.from_cfg(copy.deepcopy(config))
        trainer.register_hook(recorder)
        trainer.train()
        (saver,) = (hook for hook in trainer.hooks if isinstance(hook, CheckpointHook))

        config.experiment_name = f'{path.stem}-test'
        config.load_from = saver.best_ckpt_path
        tester = Runner.from_cfg(copy.deepcopy(config))
        tester.register_hook(recorder)
        metrics = tester.test()

        checkpoints = list(work_dir.glob('*.pth'))
        if path.stem not in self.keep:
            for checkpoint in checkpoints:
                checkpoint.unlink()
        return Run(
            config=config,
            seen=recorder,
            checkpoints={checkpoint.name for checkpoint in checkpoints},
            best_score=trainer.message_hub.get_info('best_score'),
            rule=saver.rules[0],
            metrics=metrics,
            head=tester.model.cls_head,
        )
