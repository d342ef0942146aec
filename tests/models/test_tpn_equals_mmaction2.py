"""The neck computes what MMAction2's TPN computes, with its options and its keys."""

import copy
import itertools

import pytest
import torch
from mmaction.models.heads import TPNHead
from mmaction.models.necks.tpn import TPN
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.models import TemporalPyramidHead, TemporalPyramidNeck

MID = 64
FUSED = 96
NUM_CLASSES = 5


def mmaction2_options(widths, rates, flow):
    """Options of MMAction2's TPN for M levels pooled at ``rates``."""
    levels = len(widths)
    steps = {high // low for low, high in itertools.pairwise(rates)}
    step = steps.pop()
    assert not steps, 'MMAction2 has one factor for all neighbours'
    return dict(
        in_channels=widths,
        out_channels=MID,
        spatial_modulation_cfg=dict(in_channels=widths, out_channels=widths[-1]),
        temporal_modulation_cfg=dict(downsample_scales=rates),
        upsample_cfg=dict(scale_factor=(step, 1, 1)),
        downsample_cfg=dict(downsample_scale=(step, 1, 1)),
        level_fusion_cfg=dict(
            in_channels=(MID,) * levels,
            mid_channels=(MID,) * levels,
            out_channels=FUSED,
            downsample_scales=tuple((rates[-1] // rate, 1, 1) for rate in rates),
        ),
        aux_head_cfg=dict(out_channels=NUM_CLASSES, loss_weight=0.5),
        flow_type=flow,
    )


def backbone_maps(widths, length, seed=0):
    """Maps as a residual network gives them, requiring gradients."""
    generator = torch.Generator().manual_seed(seed)
    maps = []
    for i, width in enumerate(widths):
        side = 2 * 2 ** (len(widths) - 1 - i)
        x = torch.randn(2, width, length, side, side, generator=generator)
        maps.append(x.requires_grad_())
    return maps


def labels():
    return [ActionDataSample().set_gt_label(i) for i in (1, 3)]


def without_dropout(neck):
    for module in neck.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return neck


def close(ours, theirs):
    # Sums of float32 may be added up in another order.
    return (ours - theirs).abs().max() <= 2e-5 * theirs.abs().max()


def pair(widths, rates, flow):
    """MMAction2's neck with random weights and statistics, and ours loaded from it."""
    options = mmaction2_options(widths, rates, flow)
    theirs = without_dropout(TPN(**options))
    theirs.init_weights()
    for module in theirs.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias)
            torch.nn.init.normal_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    ours = without_dropout(TemporalPyramidNeck(**copy.deepcopy(options)))
    ours.load_state_dict(theirs.state_dict())
    return theirs, ours


@pytest.mark.parametrize('training', [True, False], ids=['train', 'eval'])
@pytest.mark.parametrize('flow', ['cascade', 'parallel'])
@pytest.mark.parametrize(
    ('widths', 'rates'),
    [
        ((64, 128), (4, 4)),
        ((64, 128), (2, 4)),
        ((32, 64, 128), (2, 2, 2)),
        ((32, 64, 128), (1, 2, 4)),
        ((32, 64, 128, 256), (8, 8, 8, 8)),
        ((32, 64, 128, 256), (1, 2, 4, 8)),
    ],
)
def test_outputs_and_gradients(widths, rates, flow, training):
    theirs, ours = pair(widths, rates, flow)
    theirs.train(training)
    ours.train(training)
    results = []
    for neck in (theirs, ours):
        maps = backbone_maps(widths, length=8)
        features, losses = neck(maps, data_samples=labels())
        assert len(losses) == 1
        (loss,) = losses.values()
        weights = torch.linspace(-1, 1, features.numel()).view_as(features)
        ((features * weights).sum() + loss).backward()
        results.append((features, loss, maps, neck.state_dict()))
    (f1, l1, maps1, state1), (f2, l2, maps2, state2) = results
    assert close(f2, f1)
    torch.testing.assert_close(l2, l1)
    for x1, x2 in zip(maps1, maps2):
        assert close(x2.grad, x1.grad)
    # Parameters keep their order, so gradients can be compared one by one.
    theirs_by_key = {k: p.grad for k, p in theirs.named_parameters()}
    renamed = rename(ours, theirs_by_key)
    for key, parameter in ours.named_parameters():
        assert close(parameter.grad, renamed[key]), key
    renamed_state = rename(ours, state1)
    assert set(renamed_state) == set(state2)
    for key, value in state2.items():
        torch.testing.assert_close(value, renamed_state[key], msg=key)


def rename(neck, state):
    """What loading makes of a state dict's keys."""
    from tpn_tsn_plugin.models.necks.tpn.mmaction2 import rename_mmaction2_keys

    state = dict(state)
    rename_mmaction2_keys(neck, state, '')
    return state


def test_state_dict_of_ours_loads_into_ours():
    _, ours = pair((64, 128), (4, 4), 'parallel')
    other = TemporalPyramidNeck(**mmaction2_options((64, 128), (4, 4), 'parallel'))
    other.load_state_dict(ours.state_dict())


def test_initial_weights_follow_mmaction2():
    options = mmaction2_options((64, 128), (4, 4), 'cascade')
    theirs, ours = TPN(**options), TemporalPyramidNeck(**options)
    torch.manual_seed(0)
    theirs.init_weights()
    torch.manual_seed(0)
    ours.init_weights()
    renamed = rename(ours, theirs.state_dict())
    for key, value in ours.named_parameters():
        expected = renamed[key].std().item()
        assert value.std().item() == pytest.approx(expected, rel=0.1, abs=1e-6), key


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(temporal_rates=(2, 4)), 'cannot be mixed'),
        (dict(upsample_cfg=None), 'cannot be built without'),
        (dict(upsample_cfg=dict(scale_factor=1, mode='trilinear')), 'nearest'),
        (dict(downsample_cfg=dict(groups=4)), 'downsample_scale'),
        (
            dict(spatial_modulation_cfg=dict(in_channels=(1, 2), out_channels=3)),
            'spatial_modulation_cfg.in_channels',
        ),
    ],
)
def test_options_that_cannot_be_translated(change, message):
    options = mmaction2_options((64, 128), (4, 4), 'cascade') | change
    with pytest.raises(ValueError, match=message):
        TemporalPyramidNeck(**options)


@pytest.mark.parametrize('fcn_test', [True, False])
def test_head_gives_the_scores_of_tpn_head(fcn_test):
    options = dict(
        num_classes=7,
        in_channels=16,
        spatial_type='avg',
        consensus=dict(type='AvgConsensus', dim=1),
        dropout_ratio=0.5,
        init_std=0.01,
        average_clips='prob',
    )
    theirs, ours = TPNHead(**options).eval(), TemporalPyramidHead(**options).eval()
    x = torch.randn(3, 16, 2, 4, 5)
    with torch.no_grad():
        expected = theirs(x, fcn_test=fcn_test)
    # After dense testing the state dict has a second classifier in it.
    assert ('new_cls.weight' in theirs.state_dict()) == fcn_test
    ours.load_state_dict(theirs.state_dict())
    torch.testing.assert_close(ours(x, fcn_test=fcn_test), expected)
