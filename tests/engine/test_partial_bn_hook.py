"""Partial batch normalisation through the runner: what stays, what learns."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.hooks import Hook
from mmengine.model import convert_sync_batchnorm
from mmengine.optim import OptimWrapper, OptimWrapperDict
from partial_bn_run import (
    AFFINE,
    EPOCH_LOOP,
    ITER_LOOP,
    STATISTICS,
    assert_first_only,
    changed,
    make_runner,
    watch,
)
from torch import nn

from tpn_tsn_plugin.engine.hooks import PartialBNHook
from tpn_tsn_plugin.registry import HOOKS, MODELS


class Synchronise(Hook):
    """Put SyncBatchNorm into the model; a runner of one process would replace it."""

    priority = 'VERY_HIGH'

    def before_run(self, runner):
        convert_sync_batchnorm(runner.model)


@pytest.mark.integration
@pytest.mark.parametrize('loop', [EPOCH_LOOP, ITER_LOOP], ids=['epochs', 'iterations'])
def test_statistics_of_all_but_the_first_stay(loop, tmp_path):
    model, before = watch(make_runner(tmp_path, loop, {}))
    assert_first_only(changed(model, before, STATISTICS))
    # without freeze_affine their weights learn
    assert all(changed(model, before, AFFINE).values())


@pytest.mark.integration
def test_statistics_move_without_the_hook(tmp_path):
    model, before = watch(make_runner(tmp_path, EPOCH_LOOP, {}, custom_hooks=[]))
    assert all(changed(model, before, STATISTICS).values())


@pytest.mark.integration
def test_synchronised_normalisation(tmp_path):
    hooks = [Synchronise(), dict(type='PartialBNHook')]
    runner = make_runner(tmp_path, EPOCH_LOOP, {}, custom_hooks=hooks)
    model, before = watch(runner)
    norms = [m for m in model.modules() if isinstance(m, nn.SyncBatchNorm)]
    assert len(norms) == 20
    assert_first_only(changed(model, before, STATISTICS))


PARAMWISE = dict(bias_lr_mult=2, bias_decay_mult=0, norm_decay_mult=1)


@pytest.mark.integration
@pytest.mark.parametrize('paramwise_cfg', [None, PARAMWISE], ids=['one', 'many_groups'])
def test_frozen_weights_neither_learn_nor_decay_and_resume(paramwise_cfg, tmp_path):
    sgd = dict(type='SGD', lr=0.001, momentum=0.9, weight_decay=0.1)
    options = dict(
        hook=dict(freeze_affine=True),
        optim_wrapper=dict(optimizer=sgd, paramwise_cfg=paramwise_cfg),
    )
    model, before = watch(make_runner(tmp_path / 'whole', EPOCH_LOOP, **options))
    assert_first_only(changed(model, before, STATISTICS))
    assert_first_only(changed(model, before, AFFINE))
    assert all(changed(model, before, ('conv.weight', 'fc_cls.weight')).values())

    options.update(load_from=str(tmp_path / 'whole' / 'epoch_1.pth'), resume=True)
    resumed = make_runner(tmp_path / 'resumed', EPOCH_LOOP, **options)
    resumed.train()
    assert resumed.epoch == 2
    for name, value in model.state_dict().items():
        assert resumed.model.state_dict()[name].equal(value)


def stub(model, *optimizers):
    """What the hook sees of a runner."""
    wrappers = [OptimWrapper(optimizer) for optimizer in optimizers]
    if len(wrappers) > 1:
        wrappers = [OptimWrapperDict(**{f'o{i}': w for i, w in enumerate(wrappers)})]
    said = []
    return SimpleNamespace(
        model=model,
        optim_wrapper=wrappers[0] if wrappers else None,
        logger=SimpleNamespace(info=said.append),
        said=said,
    )


def start(model, **options):
    """The runner after the hook and the loop have prepared an iteration."""
    hook = HOOKS.build(dict(type='PartialBNHook', **options))
    runner = stub(model, torch.optim.SGD(model.parameters(), lr=1))
    hook.before_run(runner)
    model.train()
    hook.before_train_iter(runner, 0)
    return runner


class InstanceNorm(nn.InstanceNorm2d):
    def __init__(self, channels):
        super().__init__(channels, track_running_stats=True)


class MMCVSyncBatchNorm(nn.Module):
    """As MMCV's: statistics of its own, and not derived from torch's."""

    def __init__(self, channels):
        super().__init__()
        self.register_buffer('running_mean', torch.zeros(channels))


@pytest.mark.parametrize(
    ('kind', 'freezes'),
    [
        (nn.BatchNorm1d, True),
        (nn.BatchNorm2d, True),
        (nn.BatchNorm3d, True),
        (nn.SyncBatchNorm, True),
        (MMCVSyncBatchNorm, True),
        (InstanceNorm, False),
        (lambda channels: nn.GroupNorm(1, channels), False),
    ],
    ids=lambda kind: getattr(kind, '__name__', None),
)
def test_every_kind_of_batch_normalisation(kind, freezes):
    model = nn.Sequential(nn.BatchNorm2d(3), kind(3), nn.Conv2d(3, 3, 1), kind(3))
    start(model)
    assert model[0].training
    assert model[2].training
    assert model[1].training is model[3].training is not freezes


def pair(*names):
    """A model of parts with two normalisations each."""
    parts = {
        name: nn.Sequential(nn.BatchNorm2d(1), nn.BatchNorm2d(1)) for name in names
    }
    return nn.ModuleDict(parts)


def learning(model):
    return [n for n, m in model.named_modules() if n.count('.') and m.training]


@pytest.mark.parametrize(
    ('names', 'options', 'expected'),
    [
        (['backbone', 'neck'], {}, ['backbone.0', 'neck.0', 'neck.1']),
        (['backbone', 'neck'], dict(module=''), ['backbone.0']),
        (
            ['backbone', 'neck'],
            dict(module='neck'),
            ['backbone.0', 'backbone.1', 'neck.0'],
        ),
        (
            ['spatial_backbone', 'temporal_backbone'],
            {},
            ['spatial_backbone.0', 'temporal_backbone.0'],
        ),
        (
            ['spatial_backbone', 'temporal_backbone'],
            dict(module=('temporal_backbone',)),
            ['spatial_backbone.0', 'spatial_backbone.1', 'temporal_backbone.0'],
        ),
        (['stem', 'body'], {}, ['stem.0']),
    ],
)
def test_each_part_keeps_its_first(names, options, expected):
    model = pair(*names)
    runner = start(model, **options)
    assert learning(model) == expected
    (said,) = runner.said
    assert '0 batch' not in said


def test_log_names_what_goes_on_learning():
    runner = start(pair('spatial_backbone', 'temporal_backbone'), freeze_affine=True)
    assert runner.said == [
        'PartialBNHook: 2 batch normalisations are frozen (with their weights), all '
        'but spatial_backbone.0, temporal_backbone.0'
    ]


def test_frozen_weights_leave_all_optimisers_and_keep_no_gradient():
    model = pair('spatial_backbone', 'temporal_backbone')
    optimizers = [torch.optim.Adam(part.parameters(), lr=1) for part in model.values()]
    hook, runner = PartialBNHook(freeze_affine=True), stub(model, *optimizers)
    # a second call, as after a failed start, does no harm
    hook.before_run(runner)
    hook.before_run(runner)
    for optimizer, part in zip(optimizers, model.values()):
        (group,) = optimizer.param_groups
        assert {id(p) for p in group['params']} == {id(p) for p in part[0].parameters()}
    for parameter in model.parameters():
        parameter.grad = torch.ones(1)
    hook.before_train_iter(runner, 0)
    for part in model.values():
        assert all(p.grad is None and p.requires_grad for p in part[1].parameters())
        assert all(p.grad is not None for p in part[0].parameters())


def test_validation_and_testing_need_nothing():
    runner = stub(nn.Linear(1, 1))
    PartialBNHook(freeze_affine=True).before_run(runner)
    runner.optim_wrapper = dict(optimizer=dict(type='SGD'))
    PartialBNHook(freeze_affine=True).before_run(runner)
    assert runner.said == []


def test_synchronised_backbone_of_mmaction2_needs_the_hook():
    """Its own ``partial_bn`` passes over SyncBatchNorm."""
    cfg = dict(type='ResNet', depth=18, partial_bn=True)
    backbone = MODELS.build(dict(cfg, norm_cfg=dict(type='SyncBN')))
    backbone.train()
    norms = [m for m in backbone.modules() if isinstance(m, nn.SyncBatchNorm)]
    assert all(norm.training for norm in norms)
    start(nn.ModuleDict({'backbone': backbone}))
    assert [norm.training for norm in norms] == [True] + [False] * 19


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(module='body'),
            r"part of ModuleDict, one of \['backbone', 'head'\].*'body'",
        ),
        (
            dict(module='head'),
            r"module='head' of ModuleDict has no batch normalisation",
        ),
    ],
)
def test_wrong_part_is_named(options, message):
    model = pair('backbone')
    model['head'] = nn.Linear(1, 1)
    with pytest.raises(ValueError, match=message):
        start(model, **options)
