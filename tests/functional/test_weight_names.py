"""One weight under the names of several packages."""

import pytest

from tpn_tsn_plugin.functional.weight_names import (
    canonical_name,
    is_classifier,
    match_names,
    split_off_backbone,
)

# torchvision's name, and others for the same weight
NAMES = [
    ('conv1.weight', 'conv1.conv.weight', 'module.backbone.conv1.conv.weight'),
    ('bn1.running_var', 'conv1.bn.running_var', 'backbone.bn1.running_var'),
    (
        'layer1.0.conv1.weight',
        'layer1.0.conv1.conv.weight',
        'backbone.layer1.0.conv1.conv.net.weight',
        'spatial_backbone.layer1.0.conv1.weight',
        'layer1.0.block.conv1.conv.weight',
    ),
    ('layer2.1.bn3.bias', 'layer2.1.conv3.bn.bias', 'layer2.net.1.conv3.bn.bias'),
    ('layer2.0.downsample.0.weight', 'layer2.0.downsample.conv.weight'),
    ('layer2.0.downsample.1.bias', 'layer2.0.downsample.bn.bias'),
    ('conv1_7x7_s2.weight', 'module.base_model.conv1_7x7_s2.weight'),
    ('inception_3a_1x1_bn.weight', '_orig_mod.backbone.inception_3a_1x1_bn.weight'),
    ('features.0.weight', 'temporal_backbone.features.0.weight'),
]


@pytest.mark.parametrize('names', NAMES, ids=lambda names: names[0])
def test_all_names_of_a_weight_have_one_canonical_name(names):
    assert {canonical_name(name) for name in names} == {names[0]}


@pytest.mark.parametrize('reverse', [False, True])
def test_names_match_in_both_directions(reverse):
    one, other = [names[0] for names in NAMES], [names[1] for names in NAMES]
    one, other = (other, one) if reverse else (one, other)
    # names of a file all have the same prefix
    one = [f'module.backbone.{canonical_name(n)}' if reverse else n for n in one]
    match = match_names(one, other)
    assert match.sources == dict(zip(other, one))
    assert (match.missing, match.unexpected, match.left) == ([], [], [])


def test_what_has_no_partner_is_named_and_classifiers_are_left():
    match = match_names(
        ['conv1.weight', 'bn1.weight', 'layer4.0.conv1.weight', 'fc.weight', 'fc.bias'],
        ['conv1.conv.weight', 'conv1.bn.weight', 'layer1.0.conv1.conv.weight'],
    )
    assert match.sources == {
        'conv1.conv.weight': 'conv1.weight',
        'conv1.bn.weight': 'bn1.weight',
    }
    assert match.missing == ['layer1.0.conv1.conv.weight']
    assert match.unexpected == ['layer4.0.conv1.weight']
    assert match.left == ['fc.weight', 'fc.bias']


def test_neck_head_and_other_stream_are_left():
    names = [
        'spatial_backbone.conv1.weight',
        'temporal_backbone.conv1.weight',
        'neck.conv1.weight',
        'cls_head.fc_cls.weight',
    ]
    inside, outside = split_off_backbone(names)
    assert inside == {'conv1.weight': names[0]}
    assert outside == names[1:]
    # without a backbone of its own name, all names are the backbone's
    inside, outside = split_off_backbone(['conv1.weight', 'fc.weight'])
    assert (list(inside), outside) == (['conv1.weight', 'fc.weight'], [])


def test_fully_connected_layers_match_where_the_target_has_them():
    source = ['features.0.weight', 'classifier.0.weight', 'classifier.6.weight']
    with_fc = match_names(source, source[:2])
    assert (list(with_fc.sources), with_fc.left) == (source[:2], source[2:])
    without = match_names(source, source[:1])
    assert (without.unexpected, without.left) == ([], source[1:])


def test_counters_of_batches_may_be_on_one_side():
    counter = 'bn1.num_batches_tracked'
    for source, target in [([counter], []), ([], [counter])]:
        match = match_names(source, target)
        assert (match.missing, match.unexpected) == ([], [])
    assert match_names([counter], ['conv1.bn.num_batches_tracked']).sources


@pytest.mark.parametrize(
    ('name', 'expected'),
    [('fc.weight', True), ('last_linear.bias', True), ('layer1.0.fc.weight', False)],
)
def test_classifiers_are_known_by_their_first_part(name, expected):
    assert is_classifier(name) is expected
