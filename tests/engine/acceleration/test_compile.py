"""``torch.compile`` takes neck and head in one piece, and gives the same numbers."""

import copy

import pytest
import torch
from recognisers import TPN, made, noise

from tpn_tsn_plugin.engine.acceleration import timing
from tpn_tsn_plugin.engine.acceleration.recomputation import KEEPS, recompute
from tpn_tsn_plugin.models.necks.tpn.information_flow import KINDS


def maps_of(model):
    batch = model.data_preprocessor(noise((2, 3, 8, 64, 64)), training=False)
    with torch.no_grad():
        return model.backbone(batch['inputs'].flatten(0, 1))


# Tracing is what can break; code for the processor is PyTorch's own affair.
def whole(module):
    return torch.compile(module, backend='aot_eager', fullgraph=True)


@pytest.fixture(autouse=True)
def afresh():
    torch._dynamo.reset()


@pytest.mark.parametrize('training', [False, True], ids=['testing', 'training'])
@pytest.mark.parametrize('kind', KINDS)
def test_neck_and_head(kind, training):
    model = made(dict(TPN, neck=dict(TPN['neck'], information_flow=kind)))
    maps = maps_of(model)
    model.train(training)
    model.cls_head.dropout.p = 0.0
    twin = copy.deepcopy(model)
    own, losses = twin.neck(maps)
    compiled, _ = whole(model.neck)(maps)
    assert losses == {}
    torch.testing.assert_close(compiled, own, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(
        whole(model.cls_head)(own), twin.cls_head(own), rtol=1e-4, atol=1e-5
    )
    if training:
        compiled.square().sum().backward()
        own.square().sum().backward()
        for expected, got in zip(twin.neck.parameters(), model.neck.parameters()):
            torch.testing.assert_close(got.grad, expected.grad, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize('soft', [False, True], ids=['classes', 'soft-labels'])
def test_auxiliary_losses(soft):
    aux_head = dict(num_classes=5, dropout_ratio=0.0)
    model = made(dict(TPN, neck=dict(TPN['neck'], aux_head=aux_head))).train()
    maps = maps_of(model)
    samples = noise((1, 3, 8, 64, 64), 2)['data_samples']
    if soft:
        for sample in samples:
            sample.set_gt_label(torch.tensor([0.5, 0.5, 0.0, 0.0, 0.0]))
    twin = copy.deepcopy(model)
    _, own = twin.neck(maps, samples)
    _, compiled = whole(model.neck)(maps, samples)
    assert set(compiled) == {'loss_aux_1'}
    torch.testing.assert_close(compiled, own)


@pytest.mark.parametrize('keep', KEEPS)
def test_a_neck_with_both_switches(keep):
    """Compiled in one piece with activation checkpointing and flat convolutions."""
    model = made(TPN)
    maps = maps_of(model)
    model.train()
    plain, again = (copy.deepcopy(model.neck) for _ in range(2))
    timing.apply(again, timing.force(again, flat=True))
    recompute(again, keep)
    compiled = whole(again)
    for _ in range(2):
        own, theirs = plain(maps)[0], compiled(maps)[0]
        torch.testing.assert_close(theirs, own, rtol=1e-4, atol=1e-5)
        for outputs in (own, theirs):
            outputs.square().mean().backward()
    for (name, first), second in zip(
        plain.named_parameters(), again.parameters(), strict=True
    ):
        if first.grad is not None:
            torch.testing.assert_close(
                second.grad, first.grad, rtol=1e-3, atol=1e-6, msg=name
            )
    for name, buffer in plain.named_buffers():
        torch.testing.assert_close(again.get_buffer(name), buffer, msg=name)
