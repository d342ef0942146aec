"""Stages, run one after the other, compute what the backbone does."""

import copy

import pytest
import torch
from torch import nn

from tpn_tsn_plugin.models.backbones.stages import remove_parts, split_stages
from tpn_tsn_plugin.registry import MODELS

R3D = dict(depth=18, pretrained=None, norm_eval=False)
CASES = {
    'ResNet': (dict(depth=18), (2, 3, 32, 32), 5),
    'ResNet-stage': (dict(depth=18, out_indices=(1,)), (2, 3, 32, 32), 3),
    'ResNetTSM': (
        dict(depth=50, num_segments=4, pretrained=None, pretrained2d=False),
        (4, 3, 32, 32),
        5,
    ),
    'ShiftedShortcutTSM': (
        dict(depth=50, num_segments=4, pretrained=None, pretrained2d=False),
        (4, 3, 32, 32),
        5,
    ),
    'TANet': (
        dict(depth=50, num_segments=4, tam_cfg={}),
        (4, 3, 32, 32),
        5,
    ),
    'MobileNetV2': ({}, (2, 3, 32, 32), 9),
    'MobileNetV2TSM': (dict(num_segments=4, pretrained2d=False), (4, 3, 32, 32), 9),
    'VGG': (dict(depth=11), (2, 3, 32, 32), 10),
    'VGG-before': (dict(depth=11, before_pool=True), (2, 3, 32, 32), 9),
    'VGG-fc': (dict(depth=11, with_fc=True), (1, 3, 32, 32), 11),
    'BNInception': ({}, (2, 3, 64, 64), 12),
    'BNInception-stage': (dict(out_indices=(1,)), (2, 3, 64, 64), 4),
    'ResNet3d': (dict(R3D, depth=50), (1, 3, 4, 32, 32), 5),
    'ResNet3dSlowOnly': (dict(R3D, depth=50), (1, 3, 4, 32, 32), 5),
    'ResNet3dCSN': (
        dict(R3D, depth=50, pretrained2d=False, bottleneck_mode='ir'),
        (1, 3, 4, 32, 32),
        5,
    ),
    'ResNet2Plus1d': (
        dict(
            R3D,
            depth=34,
            pretrained2d=False,
            conv_cfg=dict(type='Conv2plus1d'),
            conv1_kernel=(3, 7, 7),
            inflate=(1, 1, 1, 1),
        ),
        (1, 3, 4, 32, 32),
        5,
    ),
    'C2D': (dict(depth=50), (1, 3, 4, 32, 32), 5),
    'C3D': ({}, (1, 3, 16, 112, 112), 11),
    'X3D': (dict(gamma_w=1, gamma_b=2.25, gamma_d=2.2), (1, 3, 4, 32, 32), 6),
    'UniFormer': (dict(depth=(1, 1, 1, 1)), (1, 3, 4, 32, 32), 4),
    'SwinTransformer3D': (
        dict(arch='tiny', pretrained=None, pretrained2d=False, out_indices=(3,)),
        (1, 3, 4, 64, 64),
        5,
    ),
    'SwinTransformer3D-stage': (
        dict(
            arch='tiny',
            pretrained2d=False,
            out_indices=(1,),
            out_after_downsample=True,
        ),
        (1, 3, 4, 64, 64),
        3,
    ),
    # No forward that could be divided.
    'TimeSformer': (
        dict(num_frames=2, img_size=32, patch_size=16, num_transformer_layers=1),
        (1, 3, 2, 32, 32),
        1,
    ),
}


@pytest.fixture(params=CASES)
def case(request):
    options, shape, number = CASES[request.param]
    torch.manual_seed(0)
    backbone = MODELS.build(dict(type=request.param.split('-')[0], **options))
    backbone.eval()
    return backbone, torch.randn(shape), number


def test_stages_compute_the_backbone(case):
    backbone, x, number = case
    stages = split_stages(backbone)
    assert len(stages) == number
    with torch.no_grad():
        expected, y = backbone(x), x
        for stage in stages:
            y = stage.run(y)
    assert torch.equal(y, expected)
    assert len({stage.name for stage in stages}) == number


def test_what_a_later_stage_needs_can_be_removed(case):
    backbone, x, number = case
    if number == 1:
        pytest.skip('a single stage')
    middle = number // 2
    with torch.no_grad():
        y = x
        for stage in split_stages(backbone)[:middle]:
            y = stage.run(y)
        remove_parts(backbone, split_stages(backbone)[middle:])
        again = x
        for stage in split_stages(backbone)[:middle]:
            again = stage.run(again)
    assert torch.equal(again, y)
    rest = {name.rsplit('.', 1)[0] for name, _ in backbone.named_parameters()}
    for stage in split_stages(backbone)[middle:]:
        for part in stage.parts:
            assert not any(name == part or name.startswith(f'{part}.') for name in rest)


def test_stages_are_called_as_modules_and_numbered_as_out_indices():
    stages = split_stages(MODELS.build(dict(type='ResNet', depth=18)))
    assert [(s.name, s.index) for s in stages] == [
        ('stem', None),
        *((f'layer{i + 1}', i) for i in range(4)),
    ]
    vgg = split_stages(MODELS.build(dict(type='VGG', before_pool=True)))
    assert [(s.name, s.index) for s in vgg][-3:] == [
        ('relu4', 3),
        ('pool4', None),
        ('relu5', 4),
    ]


def test_an_own_forward_is_not_taken_for_its_parents():
    parent = type(MODELS.build(dict(type='ResNet', depth=18)))

    class Doubled(parent):
        def forward(self, x):
            return 2 * super().forward(x)

    stages = split_stages(Doubled(depth=18))
    assert [stage.name for stage in stages] == ['backbone']


def test_copies_run_their_own_modules():
    backbone = MODELS.build(dict(type='ResNet', depth=18))
    other = copy.deepcopy(backbone)
    other.eval()
    for parameter in other.parameters():
        nn.init.zeros_(parameter)
    x = torch.randn(1, 3, 32, 32)
    for stage in split_stages(other):
        x = stage.run(x)
    assert not x.any()


def test_several_maps_are_refused():
    backbone = MODELS.build(dict(type='ResNet', depth=18, out_indices=(2, 3)))
    with pytest.raises(ValueError, match=r'out_indices of ResNet.*one stage.*\(2, 3\)'):
        split_stages(backbone)
