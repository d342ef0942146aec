"""tsn-pytorch and TSM's own code: BN-Inception, ResNet and the new classifier."""

import pytest
import torch
from key_lists import random_weights, resnet

from tpn_tsn_plugin.converters.conversion import convert
from tpn_tsn_plugin.converters.formats import recognise
from tpn_tsn_plugin.models import BNInception
from tpn_tsn_plugin.registry import MODELS

CLASSES, SEGMENTS = 5, 3


def tsn(backbone, channels):
    cls_head = dict(
        type='SegmentConsensusHead', num_classes=CLASSES, in_channels=channels
    )
    cfg = dict(type='SegmentRecognizer2D', backbone=backbone, cls_head=cls_head)
    return MODELS.build(cfg).eval()


def wrapped(backbone, channels, classifier='new_fc'):
    """A checkpoint as tsn-pytorch saves it."""
    shapes = {f'module.base_model.{name}': tuple(s) for name, s in backbone.items()}
    shapes[f'module.{classifier}.weight'] = (CLASSES, channels)
    shapes[f'module.{classifier}.bias'] = (CLASSES,)
    return random_weights(shapes)


def shapes_of(module):
    return {name: value.shape for name, value in module.state_dict().items()}


def brought_to(model, state):
    conversion = convert(state, model, recognise(state, 'a'), filename='a')
    assert conversion.source_format == 'tsn-pytorch'
    return conversion


@pytest.mark.parametrize('in_channels', [3, 10])
def test_bn_inception(in_channels):
    backbone = BNInception(in_channels=in_channels)
    state = wrapped(shapes_of(backbone), 1024)
    model = tsn(dict(type='BNInception', in_channels=in_channels), 1024)
    conversion = brought_to(model, state)
    assert conversion.is_complete
    assert len(conversion.mapped) == len(state)
    model.load_state_dict(conversion.weights)
    # The backbone has the names of the public files, so it can take them by itself.
    beginning = 'module.base_model.'
    own = {n.removeprefix(beginning): w for n, w in state.items() if beginning in n}
    backbone.load_state_dict(own)
    frames = torch.randn(2, SEGMENTS, in_channels, 64, 64)
    with torch.no_grad():
        features = backbone.eval()(frames.flatten(0, 1)).mean(dim=(2, 3))
        fc = state['module.new_fc.weight'], state['module.new_fc.bias']
        segments = torch.nn.functional.linear(features, *fc)
        expected = segments.unflatten(0, (2, SEGMENTS)).mean(dim=1)
        came = model(frames, stage='head', mode='tensor')
    assert expected.std() > 0.01
    torch.testing.assert_close(came, expected, rtol=1e-5, atol=1e-6)


def test_weights_of_early_pytorch():
    state = wrapped(shapes_of(BNInception()), 1024)
    # before 0.4: normalisations (1, C), no counters
    old = {
        name: value[None] if '_bn.' in name and value.ndim else value
        for name, value in state.items()
        if 'num_batches_tracked' not in name
    }
    conversion = brought_to(tsn(dict(type='BNInception'), 1024), old)
    assert conversion.is_complete
    assert len(conversion.counters) == len(state) - len(old)
    for own, name in conversion.mapped.items():
        assert torch.equal(conversion.weights[own], state[name]), name


@pytest.mark.parametrize('classifier', ['new_fc', 'base_model.fc'])
def test_resnet_with_and_without_dropout(classifier):
    state = wrapped(resnet(18), 512, classifier)
    conversion = brought_to(tsn(dict(type='ResNet', depth=18), 512), state)
    assert conversion.is_complete
    fc = conversion.weights['cls_head.fc_cls.weight']
    assert torch.equal(fc, state[f'module.{classifier}.weight'])
    last = conversion.weights['backbone.layer4.1.conv2.conv.weight']
    assert torch.equal(last, state['module.base_model.layer4.1.conv2.weight'])


def shifted(state):
    """The names of TSM's code: the first convolution of each block is wrapped."""
    return {
        name.replace('conv1.weight', 'conv1.net.weight')
        if '.layer' in name and 'conv1' in name
        else name: value
        for name, value in state.items()
    }


def test_tsm():
    state = shifted(wrapped(resnet(18), 512))
    assert sum('.net.' in name for name in state) == 8
    model = tsn(dict(type='ResNetTSM', depth=18, num_segments=SEGMENTS), 512)
    conversion = brought_to(model, state)
    assert conversion.is_complete
    model.load_state_dict(conversion.weights)


@pytest.mark.parametrize('backbone', ['ResNet', 'ResNetTSM'])
def test_tsn_is_no_tsm(backbone):
    state = wrapped(resnet(18), 512)
    state = shifted(state) if backbone == 'ResNet' else state
    conversion = brought_to(tsn(dict(type=backbone, depth=18), 512), state)
    assert len(conversion.differences) == 1
    assert not conversion.is_complete
