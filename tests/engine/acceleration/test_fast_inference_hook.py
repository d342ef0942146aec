"""Testing made fast: the same scores, the same weights, and refusals."""

import copy
from types import SimpleNamespace

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.runner import get_priority
from odd_batches import BATCHES, MODELS_OF_KINDS, build, data
from recognisers import CLIPS, MMACTION2, TPN, made, noise
from torch import nn

from tpn_tsn_plugin.engine.acceleration import (
    fast_features,
    fast_inference_hook,
    precision,
)
from tpn_tsn_plugin.errors import PluginError
from tpn_tsn_plugin.registry import HOOKS, MODELS

SWIN = dict(
    type='Recognizer3D',
    backbone=dict(type='SwinTransformer3D', arch='tiny', patch_size=(2, 4, 4)),
    cls_head=dict(type='I3DHead', in_channels=768, num_classes=5),
    data_preprocessor=CLIPS,
)
DTYPES = ['float32', 'bfloat16']


@pytest.fixture(autouse=True)
def any_processor(monkeypatch):
    """Let bfloat16 be emulated where the processor lacks it."""
    monkeypatch.setattr(precision, 'has_bfloat16', lambda device: True)


def runner_of(model, **loop):
    said = []
    return SimpleNamespace(
        model=model,
        test_loop=SimpleNamespace(**loop),
        val_loop=SimpleNamespace(**loop),
        logger=SimpleNamespace(info=said.append),
        said=said,
    )


def begin(model, batch, **options):
    """Everything up to the first batch."""
    hook, runner = HOOKS.build(dict(type='FastInferenceHook', **options)), None
    runner = runner_of(model)
    hook.before_test_epoch(runner)
    hook.before_test_iter(runner, 0, batch)
    return hook, runner


def scores(model, batch):
    found = fast_inference_hook.scores_of(model, batch)
    return torch.cat([each.flatten() for each in found])


def require_same_scores(model, batch, dtype, **options):
    before = copy.deepcopy(model.state_dict())
    own = scores(model, batch)
    hook, runner = begin(model, batch, dtype=dtype, **options)
    limit = fast_inference_hook.TOLERANCE[getattr(torch, dtype)]
    fast = scores(model, batch)
    torch.testing.assert_close(fast, own, rtol=0, atol=limit)
    assert 'extract_feat' in vars(model)
    hook.after_test_epoch(runner)
    assert torch.equal(scores(model, batch), own)
    for name, value in model.state_dict().items():
        assert value.equal(before[name]), name
    return own, fast, runner.said[-1]


@pytest.mark.parametrize('dtype', DTYPES)
@pytest.mark.parametrize(('config', 'shape'), MMACTION2.values(), ids=MMACTION2)
def test_mmaction2s_own_models(config, shape, dtype):
    _, _, said = require_same_scores(made(config), noise(shape, 2), dtype)
    assert f'{dtype}, ' in said
    assert ', 0 batch' not in said


@pytest.mark.parametrize('kind', MODELS_OF_KINDS)
def test_models_of_every_kind(kind):
    batch = BATCHES['ordinary']
    require_same_scores(build(kind, batch).eval(), data(kind, batch), 'float32')


@pytest.mark.parametrize('convolutions', ['measured', 'flat', 'direct'])
@pytest.mark.parametrize('dtype', DTYPES)
def test_pyramid(dtype, convolutions):
    own, fast, said = require_same_scores(
        made(TPN), noise((3, 3, 8, 64, 64), 2), dtype, convolutions=convolutions
    )
    assert not own.equal(fast)
    assert (' direct' in said) >= (convolutions == 'direct')
    assert (' lines' in said) >= (convolutions == 'flat')
    assert not (convolutions == 'direct' and ' lines' in said)


@pytest.mark.parametrize('fcn_test', [False, True])
@pytest.mark.parametrize('views', [0, 1, 2, 5, 'auto'])
def test_views_go_through_in_passes(views, fcn_test, monkeypatch):
    model = made(dict(TPN, test_cfg=dict(fcn_test=fcn_test)))
    batch = noise((5, 3, 8, 64, 64), 2)
    own = scores(model, batch)
    hook, _ = begin(model, batch, dtype='float32', views_per_pass=views)
    passes = []
    hook._fast.model.backbone.register_forward_pre_hook(
        lambda _, inputs: passes.append(len(inputs[0]))
    )
    torch.testing.assert_close(scores(model, batch), own, rtol=0, atol=1e-5)
    largest = {0: 10, 'auto': fast_inference_hook.CPU_VIEWS}.get(views, views)
    assert sum(passes) == 10
    assert max(passes) == largest


def test_views_of_the_config_stay():
    model = made(dict(TPN, test_cfg=dict(max_testing_views=2)))
    _, _, _ = require_same_scores(model, noise((5, 3, 8, 64, 64)), 'float32')
    hook, _ = begin(model, noise((5, 3, 8, 64, 64)), dtype='float32')
    assert not hook._fast.divides


def test_weights_are_those_of_the_epoch():
    """Such as averaged ones, which are put in place when an epoch of testing begins."""
    model, batch = made(TPN), noise((1, 3, 8, 64, 64))
    hook, runner = begin(model, batch, dtype='float32')
    first = scores(model, batch)
    hook.after_test_epoch(runner)
    nn.init.normal_(model.cls_head.fc_cls.weight)
    nn.init.normal_(model.backbone.conv1.conv.weight)
    own = scores(model, batch)
    hook.before_test_epoch(runner)
    hook.before_test_iter(runner, 0, batch)
    torch.testing.assert_close(scores(model, batch), own, rtol=0, atol=1e-5)
    assert not torch.allclose(own, first, atol=1e-3)


def test_validation_only_if_asked():
    model, batch = made(TPN), noise((1, 3, 8, 64, 64))
    for validation in (False, True):
        hook = HOOKS.build(dict(type='FastInferenceHook', validation=validation))
        runner = runner_of(model)
        hook.before_val_epoch(runner)
        hook.before_val_iter(runner, 0, batch)
        assert ('extract_feat' in vars(model)) == validation
        hook.after_val_epoch(runner)
        assert 'extract_feat' not in vars(model)


class Random(nn.Module):
    """Gives another map each time."""

    def forward(self, x):
        return torch.randn(len(x), 64, 2, 2, 2) * 10


def test_a_model_with_other_scores_is_refused():
    head = dict(type='TemporalPyramidHead', in_channels=64, num_classes=5)
    model = made(dict(TPN, neck=None, cls_head=head))
    model.backbone = Random()
    with pytest.raises(PluginError, match=r'changes scores of this Recognizer3D by'):
        begin(model, noise((1, 3, 8, 64, 64)), dtype='float32')
    assert 'extract_feat' not in vars(model)


def test_what_may_differ_is_an_option():
    model, batch = made(TPN), noise((1, 3, 8, 64, 64))
    message = r'by .* in bfloat16, and 1e-12 is allowed; try .* allow more by tolerance'
    with pytest.raises(PluginError, match=message):
        begin(model, batch, dtype='bfloat16', tolerance=1e-12)
    begin(model, batch, dtype='bfloat16', tolerance=0.1)
    assert 'extract_feat' in vars(model)


def test_a_model_that_cannot_compute_so_is_refused():
    model, batch = made(SWIN), noise((1, 3, 4, 32, 32))
    message = r"cannot treat this Recognizer3D \(.*dtype.*\); try dtype='float32'"
    with pytest.raises(PluginError, match=message):
        begin(model, batch, dtype='bfloat16')
    require_same_scores(model, batch, 'float32')


def test_other_models_are_refused():
    hook = HOOKS.build(dict(type='FastInferenceHook'))
    model = MODELS.build(dict(type='ResNet', depth=18))
    with pytest.raises(PluginError, match=r'makes recognisers fast.* is a ResNet'):
        hook.before_test_epoch(runner_of(model))


def test_two_number_types_are_refused():
    hook = HOOKS.build(dict(type='FastInferenceHook', validation=True))
    with pytest.raises(ValueError, match=r'fp16=True of the test loop'):
        hook.before_test_epoch(runner_of(made(TPN), fp16=True))
    with pytest.raises(ValueError, match=r'fp16=True of the validation loop'):
        hook.before_val_epoch(runner_of(made(TPN), fp16=True))


def test_weights_that_cannot_be_converted_are_refused():
    model = made(TPN)
    nn.utils.parametrizations.weight_norm(model.backbone.conv1.conv)
    with pytest.raises(PluginError, match=r'cannot treat this Recognizer3D \(\w+Error'):
        begin(model, noise((1, 3, 8, 64, 64)), dtype='float32')


def test_predictions_of_other_kinds_are_refused():
    model = made(TPN)
    model.test_step = lambda batch: [ActionDataSample()]
    with pytest.raises(PluginError, match=r"cannot treat .*'pred_score'"):
        begin(model, noise((1, 3, 8, 64, 64)), dtype='float32')
    assert 'extract_feat' not in vars(model)


def test_features_of_two_passes_are_compared(monkeypatch):
    """So that joining them wrongly would be seen."""
    joined, join = [], fast_features._join
    monkeypatch.setattr(
        fast_features, '_join', lambda parts: joined.append(len(parts)) or join(parts)
    )
    begin(made(TPN), noise((3, 3, 8, 64, 64)), dtype='float32')
    assert set(joined) == {2}


def test_averaged_weights_are_in_place_before():
    """Hooks of one point in time act by their priority, the least number first."""
    ours, average = (
        HOOKS.build(dict(type=name)) for name in ('FastInferenceHook', 'EMAHook')
    )
    assert get_priority(ours.priority) > get_priority(average.priority)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(convolutions='fast'), r"\['measured', 'flat', 'direct'\], got 'fast'"),
        (dict(views_per_pass=-1), r"'auto', 0 \(all\) or a whole number.*got -1"),
        (dict(views_per_pass='all'), r"got 'all'"),
        (dict(dtype='half'), r"dtype must be one of .*got 'half'"),
        (dict(tolerance=-1), 'tolerance must be 0 or more, got -1'),
        (dict(tolerance='1e-3'), "tolerance must be 0 or more, got '1e-3'"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        HOOKS.build(dict(type='FastInferenceHook', **options))


def test_bfloat16_without_instructions(monkeypatch):
    monkeypatch.setattr(precision, 'has_bfloat16', lambda device: False)
    cpu = torch.device('cpu')
    assert precision.read_dtype('auto', cpu) == torch.float32
    with pytest.raises(ValueError, match=r"dtype='bfloat16' needs instructions"):
        precision.read_dtype('bfloat16', cpu)
    with pytest.raises(ValueError, match=r"dtype='float16' is for GPUs"):
        precision.read_dtype('float16', cpu)
