"""TemporalPyramidNeck beyond MMAction2: sources, flows, components, messages."""

import itertools

import pytest
import torch
from mmaction.structures import ActionDataSample
from torch import nn

from tpn_tsn_plugin.models import TemporalPyramidNeck
from tpn_tsn_plugin.models.necks.tpn.information_flow import KINDS

WIDTHS = (16, 32, 64)


def small_neck(**options):
    settings = dict(
        in_channels=WIDTHS,
        out_channels=24,
        temporal_rates=(1, 2, 4),
        mid_channels=16,
        groups=4,
    )
    return TemporalPyramidNeck(**(settings | options))


def maps(length=8, widths=WIDTHS, side=2, batch=2):
    scales = [2 ** (len(widths) - 1 - i) for i in range(len(widths))]
    return [
        torch.randn(batch, width, length, side * s, side * s)
        for width, s in zip(widths, scales)
    ]


def test_output_shape_is_the_shortest_level_at_the_top_size():
    features, losses = small_neck()(maps())
    assert features.shape == (2, 24, 2, 2, 2)
    assert losses == {}


@pytest.mark.parametrize('length', [4, 5, 7, 9, 16])
@pytest.mark.parametrize('flow', KINDS)
def test_any_length(flow, length):
    features, _ = small_neck(information_flow=flow)(maps(length))
    assert features.shape[2] == -(-length // 4)


def test_levels_may_have_different_lengths():
    lengths = (8, 6, 4)
    inputs = [x[:, :, :n] for x, n in zip(maps(), lengths)]
    features, _ = small_neck(temporal_rates=(1, 1, 2))(inputs)
    assert features.shape[2] == 2


def test_single_depth_samples_one_map():
    neck = small_neck(
        in_channels=64, source='single_depth', temporal_rates=(1, 2, 4, 8)
    )
    x = torch.randn(2, 64, 16, 3, 3)
    seen = []
    for module in neck.temporal_modulation:
        module.register_forward_pre_hook(lambda m, args: seen.append(args[0]))
    features, _ = neck([x])
    assert features.shape == (2, 24, 2, 3, 3)
    for level, rate in zip(seen, (1, 2, 4, 8)):
        assert torch.equal(level, x[:, :, ::rate])
    assert torch.equal(neck.eval()(x)[0], neck((x,))[0])


@pytest.mark.parametrize(
    ('spatial', 'temporal', 'flow', 'aux'),
    list(itertools.product([True, False], [True, False], KINDS, [True, False])),
)
def test_every_component_can_be_left_out(spatial, temporal, flow, aux):
    neck = small_neck(
        spatial_modulation=spatial,
        temporal_modulation=temporal,
        information_flow=flow,
        aux_head=dict(num_classes=3) if aux else None,
    )
    samples = [ActionDataSample().set_gt_label(i) for i in range(2)]
    features, losses = neck(maps(), samples)
    assert features.shape == (2, 24, 2 if temporal else 8, 2, 2)
    (features.sum() + sum(losses.values())).backward()
    unused = [k for k, p in neck.named_parameters() if p.grad is None]
    assert unused == []


@pytest.mark.parametrize('widths', [(48, 100), (64, 64), (20, 50, 170)])
def test_channels_need_not_be_powers_of_two_apart(widths):
    strides = tuple(2 ** (len(widths) - 1 - i) for i in range(len(widths)))
    neck = TemporalPyramidNeck(
        widths,
        32,
        temporal_rates=(1,) * len(widths),
        mid_channels=16,
        groups=2,
        spatial_strides=strides,
    )
    assert neck(maps(widths=widths))[0].shape == (2, 32, 8, 2, 2)


def test_stages_that_are_not_neighbours():
    inputs = [torch.randn(1, 16, 4, 8, 8), torch.randn(1, 64, 4, 2, 2)]
    neck = small_neck(in_channels=(16, 64), temporal_rates=(2, 4)).eval()
    assert len(neck.spatial_modulation.levels[0]) == 2
    assert neck(inputs)[0].shape == (1, 24, 1, 2, 2)


@pytest.mark.parametrize(
    ('options', 'weights'),
    [({}, (0.5, 0.5)), (dict(loss_weights=(0.25, 0.5)), (0.25, 0.5))],
    ids=['default', 'given'],
)
def test_auxiliary_losses_are_weighted_cross_entropies(options, weights):
    neck = small_neck(aux_head=dict(num_classes=3, **options))
    for head in neck.aux_heads.values():
        head.dropout.p = 0.0
    neck.eval()
    inputs = maps()
    samples = [ActionDataSample().set_gt_label(i) for i in (2, 0)]
    _, losses = neck(inputs, samples)
    assert list(losses) == ['loss_aux_1', 'loss_aux_2']
    for i, weight in enumerate(weights):
        scores = neck.aux_heads[str(i + 1)](inputs[i])
        entropy = torch.nn.functional.cross_entropy(scores, torch.tensor([2, 0]))
        torch.testing.assert_close(losses[f'loss_aux_{i + 1}'], weight * entropy)
    with_zero = small_neck(aux_head=dict(num_classes=3, loss_weights=(0, 1)))
    assert list(with_zero.aux_heads) == ['2']


@pytest.mark.parametrize(
    ('name', 'kind'), [('SyncBN', nn.SyncBatchNorm), ('IN3d', nn.InstanceNorm3d)]
)
def test_norm_cfg_reaches_every_normalisation(name, kind):
    def norms(neck):
        bases = (nn.modules.batchnorm._BatchNorm, nn.InstanceNorm3d)
        return {k: m for k, m in neck.named_modules() if isinstance(m, bases)}

    aux_head = dict(num_classes=3)
    usual = norms(small_neck(aux_head=aux_head))
    assert all(isinstance(norm, nn.BatchNorm3d) for norm in usual.values())
    changed = norms(small_neck(aux_head=aux_head, norm_cfg=dict(type=name)))
    assert all(isinstance(norm, kind) for norm in changed.values())
    # 2 auxiliary heads, 3 spatial convolutions, twice 3 levels and their mix, the end
    assert len(changed) == len(usual) == 2 + 3 + 2 * 4 + 1


def test_init_cfg_replaces_the_default():
    neck = small_neck(
        aux_head=dict(num_classes=3),
        init_cfg=dict(type='Constant', layer=['Conv3d', 'Linear'], val=0.25, bias=0.5),
    )
    neck.init_weights()
    for key, parameter in neck.named_parameters():
        if parameter.ndim > 1:
            assert (parameter == 0.25).all(), key
        elif key.endswith('fc.bias'):
            assert (parameter == 0.5).all(), key


def test_nothing_is_created_or_remembered_in_forward():
    neck = small_neck().eval()
    before = list(neck.state_dict()), set(vars(neck))
    first = neck(maps(8))[0]
    neck(maps(12, side=3))
    assert (list(neck.state_dict()), set(vars(neck))) == before
    assert first.shape == neck(maps(8))[0].shape


def test_one_to_one_maps_of_one_sample_in_evaluation():
    neck = small_neck(temporal_rates=(1, 1, 1)).eval()
    assert neck(maps(length=1, side=1, batch=1))[0].shape == (1, 24, 1, 1, 1)


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(temporal_rates=(0, 1, 2)),
            r'\[0\] must be a whole number from 1 on, got 0',
        ),
        (dict(temporal_rates=(1, 2.5, 4)), r'temporal_rates\[1\] must be .*, got 2.5'),
        (dict(temporal_rates=(4, 2, 1)), r'did you mean \(1, 2, 4\)\?'),
        (dict(temporal_rates=(4,)), 'two or more'),
        (dict(temporal_rates=(1, 2)), 'one entry a level, got 3 and 2'),
        (dict(information_flow='botom_up'), "'cascade', 'parallel'], got 'botom_up'"),
        (dict(source='both'), r"source must be one of .* got 'both'"),
        (dict(source='single_depth'), 'must be one number'),
        (
            dict(source='single_depth', in_channels=64, temporal_rates=(2, 2)),
            'must differ',
        ),
        (dict(groups=5), 'must divide the channels'),
        (dict(spatial_strides=(4, 2)), '3 powers of two'),
        (dict(spatial_strides=(6, 2, 1)), '3 powers of two'),
        (
            dict(aux_head=dict(num_classes=3, loss_weights=(1, 2, 3))),
            'one number for all levels or 2, one for each level below the top, got 3',
        ),
        (dict(aux_head=dict(num_classes=3, loss_weights=-1)), 'not negative, got'),
        (dict(aux_head=dict(classes=3)), 'num_classes'),
        (dict(aux_head=400), 'aux_head must be a dict with num_classes'),
        (dict(aux_head=dict(num_classes='3')), 'aux_head.num_classes must be a whole'),
        (dict(aux_head=dict(num_classes=3, loss_weights=[None, 1])), 'be numbers'),
        (dict(in_channels=(16, 0, 64)), r'in_channels\[1\] must be .*, got 0'),
        (dict(in_channels='16'), "in_channels must be a whole number.* got '16'"),
        (dict(mid_channels=0), 'mid_channels must be a whole number'),
        (dict(out_channels=None), 'out_channels must be a whole number'),
        (dict(groups=0), 'groups must be a whole number'),
        (dict(spatial_strides=2), '3 powers of two'),
        (
            dict(spatial_strides=(4, 2, 1), spatial_modulation=False),
            'spatial_strides=.* has no effect',
        ),
        (
            dict(fusion_channels=8, information_flow='isolation'),
            'fusion_channels=8 has no effect',
        ),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message) as error:
        small_neck(**options)
    assert '\n' not in str(error.value)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (lambda m: m[:2], r'3 levels.* gives 2 maps; its out_indices'),
        (lambda m: [m[0], m[2], m[1]], r'map 1 must have in_channels\[1\]=32'),
        (lambda m: [x[:, :, :3] for x in m], r'temporal_rates\[2\]=4 is longer than'),
        (lambda m: [x[:, :, 0] for x in m], 'use PyramidRecognizer2D'),
        (lambda m: [m[0][..., :3], m[1], m[2]], 'set spatial_strides'),
        (lambda m: [m[0][:1], m[1], m[2]], r'same samples, got batches of \[1, 2, 2\]'),
    ],
)
def test_wrong_maps(change, message):
    with pytest.raises(ValueError, match=message) as error:
        small_neck()(change(maps()))
    assert '\n' not in str(error.value)


def test_rates_that_are_not_used_may_be_long():
    neck = small_neck(temporal_modulation=False, temporal_rates=(1, 2, 16))
    assert neck(maps(length=4))[0].shape[2] == 4


def test_several_classes_a_video_need_a_loss_for_them():
    neck = small_neck(aux_head=dict(num_classes=3))
    samples = [ActionDataSample() for _ in range(2)]
    for sample in samples:
        sample.set_gt_label(torch.tensor([1.0, 0.0, 1.0]))
    with pytest.raises(ValueError, match=r'need aux_head.loss_cls=.*BCELossWithLogits'):
        neck(maps(), samples)


def test_single_depth_with_several_maps():
    neck = small_neck(in_channels=64, source='single_depth')
    with pytest.raises(ValueError, match='takes one map, got 3'):
        neck(maps())


@pytest.mark.parametrize(('rates', 'wrong'), [((1, 2, 8), 2), ((1, 5, 6), 1)])
def test_single_depth_rates_must_fit_the_length(rates, wrong):
    neck = small_neck(in_channels=64, source='single_depth', temporal_rates=rates)
    message = rf'temporal_rates\[{wrong}\]={rates[wrong]} is longer than the 4 time'
    with pytest.raises(ValueError, match=message):
        neck(torch.randn(1, 64, 4, 2, 2))
    assert neck(torch.randn(2, 64, max(rates), 2, 2))[0].shape[2] == 1


def test_label_out_of_range():
    neck = small_neck(aux_head=dict(num_classes=3))
    samples = [ActionDataSample().set_gt_label(i) for i in (0, 3)]
    with pytest.raises(ValueError, match=r'label 3 is out of range.* from 0 to 2'):
        neck(maps(), samples)


def test_automatic_mixed_precision():
    neck = small_neck(aux_head=dict(num_classes=3))
    samples = [ActionDataSample().set_gt_label(i) for i in range(2)]
    with torch.autocast('cpu', dtype=torch.bfloat16):
        features, losses = neck(maps(), samples)
    assert features.dtype == torch.bfloat16
    (features.float().mean() + sum(losses.values())).backward()
    assert all(p.grad.isfinite().all() for p in neck.parameters())


def test_options_are_left_as_they_were():
    """Two necks from one options dict do not share or change it."""
    options = dict(aux_head=dict(num_classes=3, loss_weights=[0.1, 0.2]))
    small_neck(**options)
    small_neck(**options)
    assert options == dict(aux_head=dict(num_classes=3, loss_weights=[0.1, 0.2]))
