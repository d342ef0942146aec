"""Parts of the pyramid one by one: modulation, flow, fusion, auxiliary."""

import pytest
import torch
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.models import TemporalPyramidNeck
from tpn_tsn_plugin.models.necks.tpn.auxiliary_head import AuxiliaryHead
from tpn_tsn_plugin.models.necks.tpn.fusion import LevelFusion, PyramidFusion
from tpn_tsn_plugin.models.necks.tpn.information_flow import InformationFlow
from tpn_tsn_plugin.models.necks.tpn.temporal_modulation import (
    TemporalRateModulation,
    WidthProjection,
)

BN = dict(type='BN3d')


def in_time(*values):
    return torch.tensor(values).view(1, 1, -1, 1, 1)


def fill(parameter, values):
    with torch.no_grad():
        parameter.copy_(torch.tensor(values).view_as(parameter))


def reach(module, channels):
    """(time steps, channels) of the result that one step of channel 0 can change."""
    x = torch.zeros(1, channels, 5, 1, 1)
    x[0, 0, 2] = 1
    changed = module(x)[0, :, :, 0, 0] != 0
    return changed.any(dim=0).nonzero().flatten().tolist(), changed.any(dim=1)


def test_temporal_modulation_convolves_then_pools_in_ceil_mode():
    modulation = TemporalRateModulation(1, 1, rate=2, groups=1)
    fill(modulation.conv.weight, [1.0, 0.0, -1.0])
    # Differences of the neighbours: -5, -1, 3, -3, 2.
    modulated = modulation(in_time(3.0, 5, 4, 2, 7))
    assert modulated.flatten().tolist() == [-1, 3, 2]


@pytest.mark.parametrize('temporal', [True, False])
def test_temporal_modulation_is_grouped_and_without_it_time_is_not_mixed(temporal):
    neck = TemporalPyramidNeck(
        (8, 16),
        16,
        temporal_rates=(1, 1),
        mid_channels=8,
        groups=4,
        temporal_modulation=temporal,
    )
    expected = TemporalRateModulation if temporal else WidthProjection
    for module in neck.temporal_modulation:
        assert isinstance(module, expected)
        steps, channels = reach(module, channels=16)
        assert steps == ([1, 2, 3] if temporal else [2])
        # A quarter of the 8 channels belongs to the group of channel 0.
        assert channels.tolist() == [True] * 2 + [False] * 6


def test_flows_are_eq_2():
    """Hand-computed on levels of one channel, whose convolutions copy their input."""
    low, mid, high = (
        torch.tensor(values).view(1, 1, -1, 1, 1)
        for values in ([1.0, 2, 3, 4], [10.0, 20], [100.0])
    )
    expected = {
        'isolation': [[[1, 2, 3, 4], [10, 20], [100]]],
        'top_down': [[[111, 112, 123, 124], [110, 120], [100]]],
        'bottom_up': [[[1, 2, 3, 4], [12, 24], [124]]],
    }
    expected['parallel'] = expected['top_down'] + expected['bottom_up']
    expected['cascade'] = expected['top_down'] + [
        [[111, 112, 123, 124], [222, 244], [344]]
    ]
    for name, pyramids in expected.items():
        flow = InformationFlow(name, channels=1, num_levels=3)
        for parameter in flow.parameters():
            with torch.no_grad():
                parameter.copy_(torch.tensor([0.0, 1.0, 0.0]).view(1, 1, 3, 1, 1))
        got = [[x.flatten().tolist() for x in p] for p in flow([low, mid, high])]
        assert got == pyramids, name


def test_level_fusion_pools_to_the_shortest_level():
    fusion = LevelFusion(1, 1, num_levels=2, groups=1, norm_cfg=BN).eval()
    for conv, factor in zip(fusion.levels, (1.0, 2.0)):
        fill(conv.conv.weight, [factor])
    fill(fusion.mix.conv.weight, [1.0, 10.0])
    fused = fusion([in_time(3.0, 1, 4, 2), in_time(5.0, 7)])
    # max(3, 1) + 10 · 2 · 5 and max(4, 2) + 10 · 2 · 7
    torch.testing.assert_close(
        fused.flatten(), torch.tensor([103.0, 144.0]), rtol=1e-4, atol=0
    )


def test_level_fusion_keeps_groups_apart_until_the_levels_are_mixed():
    fusion = LevelFusion(8, 24, num_levels=3, groups=4, norm_cfg=BN).eval()
    for level in fusion.levels:
        without_activation = torch.nn.Sequential(level.conv)
        assert reach(without_activation, 8)[1].tolist() == [True] * 2 + [False] * 6
    assert reach(torch.nn.Sequential(fusion.mix.conv), 24)[1].all()


def test_pyramid_fusion_joins_both_pyramids():
    fusion = PyramidFusion(1, 1, BN).eval()
    fill(fusion.mix.conv.weight, [1.0, 10.0])
    fused = fusion([in_time(1.0, 2), in_time(3.0, 4)])
    torch.testing.assert_close(
        fused.flatten(), torch.tensor([31.0, 42.0]), rtol=1e-4, atol=0
    )


def aux_head(**options):
    settings = dict(
        loss_weight=0.5,
        dropout_ratio=0.0,
        loss_cls=dict(type='CrossEntropyLoss'),
        norm_cfg=BN,
    )
    return AuxiliaryHead(4, 3, **(settings | options))


@pytest.mark.parametrize('ratio', [0.0, 1.0])
def test_dropout_ratio_of_auxiliary_heads(ratio):
    neck = TemporalPyramidNeck(
        (8, 16),
        16,
        temporal_rates=(1, 1),
        mid_channels=8,
        groups=4,
        aux_head=dict(num_classes=3, dropout_ratio=ratio),
    )
    head, x = neck.aux_heads['1'], torch.randn(2, 8, 2, 4, 4)
    # With everything dropped only the bias is left, and only in training.
    only_bias = torch.allclose(head.train()(x), head.fc.bias.expand(2, -1))
    assert only_bias == (ratio == 1)
    assert not torch.allclose(head.eval()(x), head.fc.bias.expand(2, -1))
    torch.testing.assert_close(head.train()(x), head(x))


def test_dropout_of_auxiliary_heads_is_a_half_unless_given():
    neck = TemporalPyramidNeck(
        (8, 16),
        16,
        temporal_rates=(1, 1),
        mid_channels=8,
        groups=4,
        aux_head=dict(num_classes=3),
    )
    assert neck.aux_heads['1'].dropout.p == 0.5


@pytest.mark.parametrize('videos', [1, 3])
def test_auxiliary_loss_of_many_labels_is_binary_cross_entropy(videos):
    head = aux_head(loss_cls=dict(type='BCELossWithLogits')).eval()
    x = torch.randn(videos, 4, 2, 4, 4)
    labels = (torch.rand(videos, 3) > 0.5).float()
    chances = head(x).sigmoid()
    entropy = -(labels * chances.log() + (1 - labels) * (1 - chances).log()).mean()
    samples = [ActionDataSample().set_gt_label(label) for label in labels]
    torch.testing.assert_close(head.loss(x, samples), 0.5 * entropy)


def test_auxiliary_loss_of_soft_labels_is_cross_entropy():
    head, x = aux_head().eval(), torch.randn(2, 4, 2, 4, 4)
    labels = torch.rand(2, 3).softmax(dim=1)
    entropy = -(labels * head(x).log_softmax(dim=1)).sum(dim=1).mean()
    samples = [ActionDataSample().set_gt_label(label) for label in labels]
    torch.testing.assert_close(head.loss(x, samples), 0.5 * entropy)
