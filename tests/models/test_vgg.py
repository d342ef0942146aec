"""VGG: torchvision's names and size, maps before and after pooling, fc6 and fc7."""

import pytest
import torch
from torch import nn

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.models import VGG
from tpn_tsn_plugin.registry import MODELS

# Parameters of torchvision's models with 1000 classes, as in its documentation.
PUBLISHED = {11: 132_863_336, 13: 133_047_848, 16: 138_357_544, 19: 143_667_240}
LAST_LAYER = 4096 * 1000 + 1000
# Where torchvision's VGG-16 has its convolutions.
CONVOLUTIONS = (0, 2, 5, 7, 10, 12, 14, 17, 19, 21, 24, 26, 28)


def build(**options):
    return MODELS.build(dict(type='VGG', **options)).eval()


@pytest.mark.parametrize('depth', PUBLISHED)
def test_size_is_the_published_one(depth):
    with torch.device('meta'):
        backbone = VGG(depth, with_fc=True)
    total = sum(p.numel() for p in backbone.parameters())
    assert total + LAST_LAYER == PUBLISHED[depth]


def test_names_are_torchvisions():
    names = [
        f'features.{i}.{kind}' for i in CONVOLUTIONS for kind in ('weight', 'bias')
    ]
    with torch.device('meta'):
        assert list(VGG().state_dict()) == names
        names += [
            f'classifier.{i}.{kind}' for i in (0, 3) for kind in ('weight', 'bias')
        ]
        weights = VGG(with_fc=True).state_dict()
    assert list(weights) == names
    assert weights['features.28.weight'].shape == (512, 512, 3, 3)
    assert weights['classifier.0.weight'].shape == (4096, 512 * 7 * 7)


@pytest.mark.parametrize(
    ('options', 'expected'),
    [
        ({}, [(512, 7)]),
        (dict(before_pool=True), [(512, 14)]),
        (
            dict(out_indices=(0, 1, 2, 3, 4)),
            [(64, 112), (128, 56), (256, 28), (512, 14), (512, 7)],
        ),
        (dict(out_indices=(2, 4), before_pool=True), [(256, 56), (512, 14)]),
        (dict(with_fc=True), [(4096, 1)]),
        (dict(with_fc=True, out_indices=(4, 5)), [(512, 7), (4096, 1)]),
        (
            dict(with_fc=True, out_indices=(4, 5), before_pool=True),
            [(512, 14), (4096, 1)],
        ),
    ],
)
def test_maps(options, expected):
    with torch.device('meta'):
        maps = VGG(**options)(torch.zeros(2, 3, 224, 224))
    assert isinstance(maps, tuple) is (len(expected) > 1)
    maps = maps if isinstance(maps, tuple) else (maps,)
    assert [x.shape for x in maps] == [(2, c, side, side) for c, side in expected]


@torch.no_grad()
def test_maps_are_those_of_the_layers_in_a_row():
    x = torch.randn(1, 3, 64, 64)
    backbone = build(depth=11, out_indices=(0, 4), before_pool=True)
    first, relu5 = backbone(x)
    assert first.equal(backbone.features[:2](x))
    assert relu5.equal(backbone.features[:-1](x))
    backbone.before_pool, backbone.out_indices = False, (4,)
    assert backbone(x).equal(backbone.features(x))
    assert backbone(x).equal(nn.functional.max_pool2d(relu5, 2))


@torch.no_grad()
def test_fully_connected_layers_see_seven_by_seven_positions(monkeypatch):
    # in place of 100 million numbers
    monkeypatch.setattr('tpn_tsn_plugin.models.backbones.vgg._FC_CHANNELS', 2)
    backbone = build(depth=11, with_fc=True)
    pooled = torch.nn.functional.adaptive_avg_pool2d
    for size in (224, 64):
        x = torch.randn(1, 3, size, size)
        expected = backbone.classifier(pooled(backbone.features(x), 7).flatten(1))
        assert backbone(x).shape == (1, 2, 1, 1)
        assert backbone(x).flatten(1).equal(expected)


def test_dropout_stands_after_fc6_only():
    with torch.device('meta'):
        layers = VGG(with_fc=True, dropout_ratio=0.9).classifier
    assert [type(layer).__name__ for layer in layers] == [
        'Linear',
        'ReLU',
        'Dropout',
        'Linear',
        'ReLU',
    ]
    assert layers[2].p == 0.9


def test_gradients_reach_all_weights():
    backbone = build(depth=11, in_channels=10).train()
    backbone(torch.randn(1, 10, 32, 32)).square().mean().backward()
    assert all(p.grad is not None for p in backbone.parameters())
    assert backbone.features[0].weight.grad.abs().max() > 0


@torch.no_grad()
def test_torchvisions_file_loads(tmp_path):
    source, x = build(depth=11), torch.randn(1, 3, 32, 32)
    layers = {f'classifier.{i}.weight': torch.zeros(1) for i in (0, 3, 6)}
    path = str(tmp_path / 'vgg11.pth')
    torch.save(source.state_dict() | layers, path)
    backbone = build(depth=11, pretrained=path)
    backbone.init_weights()
    assert backbone(x).equal(source(x))


def test_file_of_another_depth_is_refused(tmp_path):
    path = str(tmp_path / 'vgg11.pth')
    torch.save(build(depth=11).state_dict(), path)
    with pytest.raises(
        CheckpointError, match=r'vgg11\.pth does not fit VGG: .* missing'
    ) as e:
        build(depth=13, pretrained=path).init_weights()
    assert '\n' not in str(e.value)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(depth=12), r'depth must be one of \[11, 13, 16, 19\], got 12'),
        (dict(out_indices=(5,)), r'out_indices .with_fc=False. must be one .*, got 5'),
        (dict(in_channels=0), r'in_channels must be a whole number from 1 on, got 0'),
    ],
)
def test_wrong_option_is_named(options, message):
    with pytest.raises(ValueError, match=message), torch.device('meta'):
        VGG(**options)
