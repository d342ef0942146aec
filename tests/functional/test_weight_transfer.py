"""Which value of a checkpoint goes where, and what is said of the rest."""

import pytest
import torch

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.functional.weight_transfer import (
    describe_misfits,
    plan_transfer,
    weights_of,
)


def test_values_go_by_meaning_whatever_their_names():
    source = {'conv1.weight': torch.randn(4, 3, 3, 3), 'bn1.bias': torch.randn(4)}
    target = {
        'conv1.conv.weight': torch.zeros(4, 3, 3, 3),
        'conv1.bn.bias': torch.zeros(4),
    }
    transfer = plan_transfer(source, target)
    assert transfer.weights['conv1.conv.weight'].equal(source['conv1.weight'])
    assert transfer.weights['conv1.bn.bias'].equal(source['bn1.bias'])
    assert (transfer.changed, transfer.inflated, transfer.misfits) == ([], [], {})


def test_only_kernels_that_meet_the_input_change_their_channels():
    source = {'a.weight': torch.randn(4, 3, 3, 3), 'b.weight': torch.randn(4, 3, 3, 3)}
    target = {name: torch.zeros(4, 10, 3, 3) for name in source}
    transfer = plan_transfer(source, target, input_kernels=['a.weight'])
    assert transfer.changed == ['a.weight']
    assert transfer.misfits == {
        'of another shape': ['b.weight (4, 3, 3, 3) for (4, 10, 3, 3)']
    }


def test_first_kernel_of_a_3d_backbone_is_averaged_and_spread():
    kernel = torch.randn(4, 3, 3, 3)
    transfer = plan_transfer(
        {'conv1.weight': kernel},
        {'conv1.conv.weight': torch.zeros(4, 10, 5, 3, 3)},
        input_kernels=['conv1.conv.weight'],
    )
    value = transfer.weights['conv1.conv.weight']
    assert value.equal((kernel.mean(1) / 5)[:, None, None].expand(4, 10, 5, 3, 3))
    assert transfer.changed == transfer.inflated == ['conv1.conv.weight']


def test_kernel_of_length_one_is_not_said_to_be_spread():
    kernel = torch.randn(4, 3, 3, 3)
    transfer = plan_transfer({'a': kernel}, {'a': torch.zeros(4, 3, 1, 3, 3)})
    assert transfer.weights['a'].equal(kernel.unsqueeze(2))
    assert transfer.inflated == []


def test_values_take_the_backbones_type_before_they_are_averaged():
    kernel = torch.randn(4, 3, 1, 1).half()
    target = {'a.weight': torch.zeros(4, 2, 1, 1)}
    transfer = plan_transfer({'a.weight': kernel}, target, input_kernels=['a.weight'])
    expected = kernel.float().mean(1, keepdim=True)
    assert transfer.weights['a.weight'][:, :1].equal(expected)


def test_old_normalisation_weights_lose_their_leading_axis():
    source = {'a_bn.weight': torch.randn(1, 4), 'b_bn.weight': torch.randn(2, 2)}
    target = {name: torch.zeros(4) for name in source}
    transfer = plan_transfer(source, target)
    assert transfer.weights['a_bn.weight'].equal(source['a_bn.weight'][0])
    assert transfer.misshapen == ['b_bn.weight (2, 2) for (4,)']


def test_misfits_are_counted_and_the_first_are_named():
    source = {f'old.{i}.weight': torch.zeros(1) for i in range(7)}
    target = {'conv1.conv.weight': torch.zeros(1)}
    said = describe_misfits(plan_transfer(source, target))
    assert said == (
        '1 missing in it: conv1.conv.weight; 7 unknown to the backbone: old.0.weight, '
        'old.1.weight, old.2.weight and 4 more'
    )


def test_names_may_be_allowed_on_one_side_by_torchvisions_names():
    source = {'layer4.0.conv1.conv.weight': torch.zeros(1)}
    target = {'layer3.0.conv1.conv.weight': torch.zeros(1)}
    transfer = plan_transfer(
        source, target, allow_unmatched=['layer4', 'layer3.0.conv1']
    )
    assert transfer.misfits == {}
    assert transfer.left == ['layer4.0.conv1.conv.weight']


@pytest.mark.parametrize('wrap', [dict, lambda weights: dict(state_dict=weights, a=1)])
def test_weights_are_found_alone_and_among_other_entries(wrap):
    weights = {'a': torch.zeros(1)}
    assert weights_of(wrap(weights), 'a.pth') == weights


@pytest.mark.parametrize('loaded', [{}, {'epoch': 3}, {'state_dict': None}, [1], None])
def test_file_without_weights_is_named(loaded):
    with pytest.raises(
        CheckpointError, match=r'a\.pth holds no weights; expected a state_'
    ):
        weights_of(loaded, 'a.pth')
