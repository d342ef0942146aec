"""Less memory in training: the same gradients, statistics and random numbers."""

import copy
from types import SimpleNamespace

import pytest
import torch
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from recognisers import MMACTION2, TPN, made, noise

from tpn_tsn_plugin.analysis.benchmark.measure import peak_bytes
from tpn_tsn_plugin.engine.acceleration.activation_checkpoint_hook import BLOCKS
from tpn_tsn_plugin.registry import HOOKS

KEEPS = ['convolutions', 'narrow', 'nothing']
BOTTLENECKS = dict(TPN['backbone'], depth=50, out_indices=(2, 3))
WIDE = dict(
    TPN,
    backbone=BOTTLENECKS,
    neck=dict(TPN['neck'], in_channels=(128, 256), aux_head=dict(num_classes=5)),
)


def treat(model, **options):
    hook = HOOKS.build(dict(type='ActivationCheckpointHook', **options))
    said = []
    logger = SimpleNamespace(info=said.append)
    hook.before_train(SimpleNamespace(model=model, logger=logger))
    return said[-1]


def step(model, shape=(1, 3, 8, 64, 64)):
    torch.manual_seed(3)
    batch = model.data_preprocessor(noise(shape, 2), training=True)
    loss, _ = model.parse_losses(model(**batch, mode='loss'))
    loss.backward()
    return loss


@pytest.mark.parametrize('frozen', [False, True], ids=['all-learn', 'partial-bn'])
@pytest.mark.parametrize('keep', KEEPS)
@pytest.mark.parametrize('modules', [BLOCKS, [BLOCKS, 'neck']], ids=['blocks', 'neck'])
def test_same_to_the_last_bit(modules, keep, frozen):
    own = made(WIDE).train()
    treated = copy.deepcopy(own)
    said = treat(treated, modules=modules, keep=keep)
    assert f'{17 if "neck" in modules else 16} parts keep {keep}: ' in said
    losses = []
    for model in (own, treated):
        if frozen:
            for norm in list(model.modules()):
                if isinstance(norm, _BatchNorm):
                    norm.eval()
        losses += [step(model), torch.rand(1)]
    assert losses[:2] == losses[2:]
    for (name, expected), got in zip(own.named_parameters(), treated.parameters()):
        assert got.grad.equal(expected.grad), name
    for (name, expected), got in zip(own.named_buffers(), treated.buffers()):
        assert got.equal(expected), name


@pytest.mark.parametrize('keep', KEEPS)
def test_dropout_within_a_part(keep):
    own = made(WIDE).train()
    own.backbone.layer2.append(torch.nn.Dropout(0.5))
    treated = copy.deepcopy(own)
    treat(treated, modules='backbone.layer2', keep=keep)
    assert step(own) == step(treated)
    first, second = own.backbone.conv1.conv, treated.backbone.conv1.conv
    assert first.weight.grad.equal(second.weight.grad)


def test_memory(request):
    """What is kept decides it: the more is computed again, the less."""
    if request.config.getoption('--every-switch'):
        pytest.skip('compares with a model whose switches are off')
    peaks = []
    for keep in (None, *KEEPS):
        model = made(WIDE).train()
        if keep:
            treat(model, keep=keep)
        step(model)
        peaks.append(peak_bytes(lambda model=model: step(model), 'cpu'))
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[1] < 0.92 * peaks[0]
    assert peaks[2] < 0.75 * peaks[0]


def test_2d_backbones_and_shifted_features():
    own = made(MMACTION2['tsm'][0]).train()
    treated = copy.deepcopy(own)
    treat(treated)
    shape = MMACTION2['tsm'][1]
    assert step(own, shape) == step(treated, shape)
    for expected, got in zip(own.parameters(), treated.parameters()):
        assert got.grad.equal(expected.grad)


def test_testing_computes_once():
    model = made(WIDE).eval()
    treat(model)
    calls = []
    block = model.backbone.layer1[0]
    block.conv1.register_forward_hook(lambda *_: calls.append(1))
    model.test_step(noise((1, 3, 8, 64, 64)))
    assert len(calls) == 1


def test_a_copy_computes_with_its_own_weights():
    """As averaged models and copies for fast testing do."""
    model = made(WIDE).eval()
    treat(model)
    twin = copy.deepcopy(model)
    torch.nn.init.zeros_(twin.backbone.layer4[2].conv3.bn.weight)
    batch = noise((1, 3, 8, 64, 64))
    ours = model.test_step(copy.deepcopy(batch))[0].pred_score
    assert not ours.equal(twin.test_step(copy.deepcopy(batch))[0].pred_score)


def test_parts_of_parts_are_treated_once():
    said = treat(made(WIDE), modules=['backbone', 'backbone.layer*', 'neck'])
    assert said.endswith('2 parts keep narrow: backbone, neck')


def test_wrong_options():
    with pytest.raises(ValueError, match=r"keep must be one of .*got 'all'"):
        HOOKS.build(dict(type='ActivationCheckpointHook', keep='all'))
    with pytest.raises(ValueError, match=r"modules='head' matches no part of Recogn"):
        treat(made(WIDE), modules='head')
