"""A small TSN trained with ``PartialBNHook``; a script for torchrun as well."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from mmaction.structures import ActionDataSample
from mmengine.evaluator import BaseMetric, Evaluator
from mmengine.hooks import Hook
from mmengine.model import convert_sync_batchnorm, is_model_wrapper
from mmengine.runner import Runner
from torch import nn
from torch.distributed.nn.functional import all_reduce
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import Dataset

import tpn_tsn_plugin  # noqa: F401

STATISTICS = ('running_mean', 'running_var', 'num_batches_tracked')
AFFINE = ('bn.weight', 'bn.bias')
FIRST_NORM = 'backbone.conv1.bn'
EPOCH_LOOP = dict(by_epoch=True, max_epochs=2, val_interval=1)
ITER_LOOP = dict(by_epoch=False, max_iters=4, val_interval=2)


class Videos(Dataset):
    """Eight videos of two frames of noise."""

    metainfo = dict(classes=('a', 'b'))  # noqa: RUF012

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, Any]:
        generator = torch.Generator().manual_seed(index)
        frames = torch.randint(0, 255, (2, 3, 32, 32), generator=generator)
        sample = ActionDataSample().set_gt_label(index % 2)
        return dict(inputs=frames.to(torch.uint8), data_samples=sample)


class Count(BaseMetric):
    """Validation has to measure something."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results += data_samples

    def compute_metrics(self, results: list) -> dict[str, int]:
        return dict(videos=len(results))


def make_runner(work_dir: Path, loop: dict, hook: dict, **options: Any) -> Runner:
    """Build a run from a config; ``hook`` has the options of ``PartialBNHook``."""
    loader = dict(
        dataset=Videos(),
        batch_size=2,
        sampler=dict(type='DefaultSampler', shuffle=False),
    )
    sgd = dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.1)
    defaults = dict(
        model=dict(
            type='Recognizer2D',
            backbone=dict(type='ResNet', depth=18),
            # no dropout, so that a resumed run repeats what a whole one does
            cls_head=dict(
                type='TSNHead',
                num_classes=2,
                in_channels=512,
                dropout_ratio=0,
                average_clips='prob',
            ),
            data_preprocessor=dict(
                type='ActionDataPreprocessor', mean=[128] * 3, std=[64] * 3
            ),
        ),
        optim_wrapper=dict(optimizer=sgd, clip_grad=dict(max_norm=20)),
        param_scheduler=[dict(type='MultiStepLR', milestones=[1])],
        custom_hooks=[dict(type='PartialBNHook', **hook)],
    )
    return Runner(
        work_dir=str(work_dir),
        train_dataloader=loader,
        val_dataloader=loader,
        train_cfg=loop,
        val_cfg={},
        val_evaluator=Evaluator(Count()),
        default_scope='mmaction',
        randomness=dict(seed=0),
        experiment_name=f'{work_dir.name}_{torch.initial_seed()}',
        log_level='ERROR',
        **{**defaults, **options},
    )


def watch(runner: Runner) -> tuple[nn.Module, dict[str, torch.Tensor]]:
    """Train; the model, and its values just before training.

    Weights are initialised when training begins, so a hook takes the copy.
    """
    model = runner.model.module if is_model_wrapper(runner.model) else runner.model
    before: dict[str, torch.Tensor] = {}
    original = runner.load_or_resume

    def copy_before_training() -> None:
        original()
        before.update({k: v.clone() for k, v in model.state_dict().items()})

    runner.load_or_resume = copy_before_training
    runner.train()
    return model, before


def changed(model: nn.Module, before: dict, kinds: tuple[str, ...]) -> dict[str, bool]:
    """Whether each value of some kinds has changed, by name."""
    return {
        name: not value.equal(before[name])
        for name, value in model.state_dict().items()
        if name.endswith(kinds)
    }


def assert_first_only(changes: dict[str, bool]) -> None:
    """Require that all has changed in the first normalisation and nothing elsewhere."""
    first = {name: yes for name, yes in changes.items() if name.startswith(FIRST_NORM)}
    assert first
    assert all(first.values())
    assert [n for n, yes in changes.items() if yes and n not in first] == []
    assert len(changes) > len(first)


class SynchroniseFrozen(Hook):
    """Make SyncBatchNorm of all batch normalisations that will be frozen.

    As a hook, since torch refuses to wrap a model with them for training on a CPU.
    """

    priority = 'VERY_HIGH'

    def before_run(self, runner: Runner) -> None:
        model = runner.model.module
        first = model.get_submodule(FIRST_NORM)
        convert_sync_batchnorm(model)
        model.set_submodule(FIRST_NORM, first)


def synchronised(self: nn.SyncBatchNorm, x: torch.Tensor) -> torch.Tensor:
    """What torch computes on GPUs: normalisation over all ranks' values."""
    if not self.training:
        return nn.functional.batch_norm(
            x, self.running_mean, self.running_var, self.weight, self.bias, eps=self.eps
        )
    places = (0, *range(2, x.ndim))
    ones = x.new_full((x.shape[1],), x.numel() // x.shape[1])
    total = all_reduce(torch.stack([x.sum(places), (x * x).sum(places), ones]))
    count, mean = total[2], total[0] / total[2]
    variance = total[1] / count - mean**2
    with torch.no_grad():
        self.num_batches_tracked += 1
        self.running_mean.lerp_(mean, self.momentum)
        self.running_var.lerp_(variance * count / (count - 1), self.momentum)
    shape = (1, -1) + (1,) * (x.ndim - 2)
    scale = self.weight / (variance + self.eps).sqrt()
    return x * scale.view(shape) + (self.bias - mean * scale).view(shape)


@contextmanager
def synchronisation_on_a_cpu() -> Iterator[None]:
    """Have SyncBatchNorm compute on a CPU, and torch wrap models with it.

    All else, MMEngine's conversion above all, stays as on GPUs.
    """
    forward, check = nn.SyncBatchNorm.forward, '_passing_sync_batchnorm_handle'
    passing = getattr(DistributedDataParallel, check)
    if not torch.cuda.is_available():
        nn.SyncBatchNorm.forward = synchronised
        setattr(DistributedDataParallel, check, lambda self, module: None)
    try:
        yield
    finally:
        nn.SyncBatchNorm.forward = forward
        setattr(DistributedDataParallel, check, passing)


# What each kind of run adds to the hook, and to the config.
KINDS: dict[str, tuple[list, dict]] = dict(
    plain=([], {}),
    sync=([SynchroniseFrozen()], {}),
    config=([], dict(sync_bn='torch')),
)


def train_in_one_of_several_processes(
    work_dir: Path, hooks: list, config: dict
) -> dict[str, Any]:
    """Train and tell what has changed."""
    hooks = [dict(type='PartialBNHook', freeze_affine=True), *hooks]
    runner = make_runner(
        work_dir, EPOCH_LOOP, {}, custom_hooks=hooks, launcher='pytorch', cfg=config
    )
    model, before = watch(runner)
    kinds = {type(module).__name__ for module in model.modules()}
    first = model.get_submodule(FIRST_NORM)
    return dict(
        norms=sorted(kind for kind in kinds if 'BatchNorm' in kind),
        statistics=changed(model, before, STATISTICS),
        affine=changed(model, before, AFFINE),
        kernel=model.backbone.conv1.conv.weight.flatten().tolist(),
        means=first.running_mean.tolist(),
    )


if __name__ == '__main__':
    folder = Path(sys.argv[1])
    for kind, options in KINDS.items():
        with synchronisation_on_a_cpu():
            result = train_in_one_of_several_processes(folder / kind, *options)
        rank = torch.distributed.get_rank()
        (folder / f'{kind}{rank}.json').write_text(json.dumps(result))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()
