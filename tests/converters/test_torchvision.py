"""torchvision's names: backbones get the weights, whatever stands behind them lacks."""

import pytest
import torch
import torch.nn.functional as F
from key_lists import VGG16, random_weights, torchvision_resnet, torchvision_vgg16

from tpn_tsn_plugin.converters.conversion import convert
from tpn_tsn_plugin.converters.formats import recognise
from tpn_tsn_plugin.registry import MODELS

HEAD_KEYS = ['cls_head.fc_cls.weight', 'cls_head.fc_cls.bias']


def recogniser(backbone, kind='Recognizer2D', head='TSNHead'):
    cls_head = dict(type=head, num_classes=3, in_channels=backbone.pop('channels', 512))
    return MODELS.build(dict(type=kind, backbone=backbone, cls_head=cls_head)).eval()


def brought_to(model, state):
    conversion = convert(state, model, recognise(state, 'a'), filename='a')
    assert conversion.source_format == 'torchvision'
    return conversion


def loaded(model, conversion):
    misfits = model.load_state_dict(conversion.weights, strict=False)
    assert misfits.missing_keys == list(conversion.missing)
    assert misfits.unexpected_keys == []
    return model.backbone


@pytest.mark.parametrize('depth', [18, 50])
def test_resnet_activations_are_those_of_mmaction2s_own_loading(depth, tmp_path):
    weights = random_weights(torchvision_resnet(depth))
    torch.save(weights, tmp_path / 'resnet.pth')
    theirs = MODELS.build(
        dict(type='ResNet', depth=depth, pretrained=str(tmp_path / 'resnet.pth'))
    )
    theirs.init_weights()
    theirs.eval()
    model = recogniser(dict(type='ResNet', depth=depth, channels=2048))
    conversion = brought_to(model, weights)
    assert list(conversion.missing) == HEAD_KEYS
    assert conversion.dropped == dict.fromkeys(
        ['fc.weight', 'fc.bias'], "the image model's classifier"
    )
    assert len(conversion.mapped) == len(weights) - 2
    ours = loaded(model, conversion)
    x = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)
    first = ours.conv1.conv.weight
    assert torch.equal(first, weights['conv1.weight'])


def test_kernels_are_spread_over_time_as_mmaction2_does_it(tmp_path):
    weights = random_weights(torchvision_resnet(18))
    torch.save(weights, tmp_path / 'resnet.pth')
    backbone = dict(
        type='ResNet3dSlowOnly',
        depth=18,
        lateral=False,
        conv1_kernel=(1, 7, 7),
        inflate=(0, 0, 1, 1),
    )
    theirs = MODELS.build(backbone | dict(pretrained=str(tmp_path / 'resnet.pth')))
    theirs.init_weights()
    theirs.eval()
    model = recogniser(backbone | dict(pretrained=None), 'Recognizer3D', 'I3DHead')
    conversion = brought_to(model, weights)
    ours = loaded(model, conversion)
    # both 3×3×3 kernels of four blocks; the first layer stays one frame long
    assert len(conversion.spread) == 8
    assert 'backbone.conv1.conv.weight' not in conversion.spread
    x = torch.randn(1, 3, 4, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(ours(x), theirs(x), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ('backbone', 'depth'),
    [('ResNet', 34), ('ResNet', 101), ('ResNet', 152), ('ResNetTSM', 50)],
)
def test_other_depths_fit(backbone, depth):
    # shapes alone
    with torch.device('meta'):
        model = recogniser(dict(type=backbone, depth=depth, channels=2048))
        shapes = torchvision_resnet(depth)
        weights = {name: torch.empty(shape) for name, shape in shapes.items()}
    conversion = brought_to(model, weights)
    assert list(conversion.missing) == HEAD_KEYS
    assert len(conversion.mapped) == len(weights) - 2
    faults = conversion.unknown, conversion.misshapen, conversion.differences
    assert not any(faults)


def vgg_map(w, x):
    """VGG-16 with plain functions, up to the pooling after the last convolution."""
    index = 0
    for width in (*VGG16, 'M'):
        if width == 'M':
            x, index = F.max_pool2d(x, 2), index + 1
        else:
            name = f'features.{index}'
            x = F.relu(F.conv2d(x, w[f'{name}.weight'], w[f'{name}.bias'], padding=1))
            index += 2
    return x


def test_vgg_activations():
    shapes = torchvision_vgg16()
    weights = random_weights(
        {name: shape for name, shape in shapes.items() if 'features' in name}
    )
    classifier = {n: torch.zeros(s) for n, s in shapes.items() if 'classifier' in n}
    model = recogniser(dict(type='VGG', depth=16))
    conversion = brought_to(model, weights | classifier)
    assert list(conversion.dropped) == list(classifier)
    assert len(conversion.mapped) == len(weights) == 26
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        came = loaded(model, conversion)(x)
        torch.testing.assert_close(came, vgg_map(weights, x))


def test_fully_connected_layers_where_the_backbone_has_them():
    with torch.device('meta'):
        model = recogniser(dict(type='VGG', depth=16, with_fc=True, channels=4096))
        shapes = torchvision_vgg16()
        weights = {name: torch.empty(shape) for name, shape in shapes.items()}
    conversion = brought_to(model, weights)
    assert list(conversion.dropped) == ['classifier.6.weight', 'classifier.6.bias']
    assert list(conversion.missing) == HEAD_KEYS


def test_vgg_with_batch_normalisation_does_not_fit():
    shapes = torchvision_vgg16() | {'features.1.running_mean': (64,)}
    with torch.device('meta'):
        model = recogniser(dict(type='VGG', depth=16))
        weights = {name: torch.empty(shape) for name, shape in shapes.items()}
    assert list(brought_to(model, weights).unknown) == ['features.1.running_mean']
