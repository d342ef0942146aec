"""Losses of background and of classes without weight, by their formulas."""

import pytest
import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.registry import MODELS

CLASSES = 4
ENTROPY, BINARY = 'CrossEntropyLoss', 'BCELossWithLogits'
# The first class is background.
UNWEIGHTED = [0.0, 1.0, 2.0, 0.5]


def build(loss, **options):
    config = dict(type='TemporalPyramidHead', num_classes=CLASSES, in_channels=3)
    return MODELS.build(config | dict(loss_cls=dict(type=loss, **options)))


def samples(*labels):
    return [ActionDataSample().set_gt_label(label) for label in labels]


def loss_and_gradient(loss, labels, **options):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randn(len(labels), CLASSES, generator=generator).requires_grad_()
    loss = build(loss, **options).loss_by_feat(scores, samples(*labels))['loss_cls']
    loss.backward()
    return loss.detach(), scores.grad, scores.detach()


NONE = torch.zeros(CLASSES)


@pytest.mark.parametrize('videos', [1, 3])
@pytest.mark.parametrize(
    ('loss', 'options', 'formula', 'slope'),
    [
        (ENTROPY, {}, lambda s: 0 * s.sum(), lambda s: 0 * s),
        (
            ENTROPY,
            dict(class_weight=UNWEIGHTED),
            lambda s: 0 * s.sum(),
            lambda s: 0 * s,
        ),
        (
            BINARY,
            {},
            lambda s: s.exp().log1p().mean(),
            lambda s: s.sigmoid() / s.numel(),
        ),
        (
            BINARY,
            dict(class_weight=UNWEIGHTED),
            lambda s: (s.exp().log1p() * torch.tensor(UNWEIGHTED)).mean(),
            lambda s: s.sigmoid() * torch.tensor(UNWEIGHTED) / s.numel(),
        ),
        (
            'HingeLoss',
            {},
            lambda s: (1 + s).clamp(min=0).sum() / len(s),
            lambda s: (s > -1).float() / len(s),
        ),
        (
            'HingeLoss',
            dict(power=2),
            lambda s: (1 + s).clamp(min=0).square().sum() / len(s),
            lambda s: 2 * (1 + s).clamp(min=0) / len(s),
        ),
    ],
    ids=['entropy', 'weighted', 'binary', 'weighted-binary', 'hinge', 'squared-hinge'],
)
def test_all_background(loss, options, formula, slope, videos):
    found, gradient, scores = loss_and_gradient(loss, [NONE] * videos, **options)
    torch.testing.assert_close(found, formula(scores))
    torch.testing.assert_close(gradient, slope(scores))


@pytest.mark.parametrize('videos', [1, 3])
def test_a_class_without_weight_teaches_nothing(videos):
    found, gradient, _ = loss_and_gradient(
        ENTROPY, [0] * videos, class_weight=UNWEIGHTED, loss_weight=2.0
    )
    assert found == 0
    assert torch.equal(gradient, torch.zeros(videos, CLASSES))


def test_one_class_with_weight_is_a_plain_mean():
    """A weighted mean of equal weights."""
    found, _, scores = loss_and_gradient(ENTROPY, [2, 2], class_weight=UNWEIGHTED)
    torch.testing.assert_close(found, -scores.log_softmax(dim=1)[:, 2].mean())


@pytest.mark.parametrize(
    'labels', [[0, 3, 1], [NONE, F.one_hot(torch.tensor(3), 4).float()]]
)
def test_weighted_mean_of_a_mixed_batch_is_mmaction2s(labels):
    found, gradient, scores = loss_and_gradient(
        ENTROPY, labels, class_weight=UNWEIGHTED
    )
    own = MODELS.build(dict(type=ENTROPY, class_weight=UNWEIGHTED))
    scores.requires_grad_()
    stacked = torch.stack(labels) if labels[0] is NONE else torch.tensor(labels)
    expected = own(scores, stacked)
    expected.backward()
    assert torch.equal(found, expected.detach())
    assert torch.equal(gradient, scores.grad)


def test_a_wrong_number_is_not_hidden():
    scores = torch.full((1, CLASSES), torch.nan)
    head = build(ENTROPY, class_weight=UNWEIGHTED)
    assert head.loss_by_feat(scores, samples(0))['loss_cls'].isnan()


def aux_loss(*labels, **loss):
    neck = MODELS.build(
        dict(
            type='TemporalPyramidNeck',
            in_channels=(4, 8),
            out_channels=8,
            temporal_rates=(1, 1),
            mid_channels=8,
            groups=2,
            aux_head=dict(
                num_classes=CLASSES,
                dropout_ratio=0.0,
                loss_cls=dict(type=ENTROPY, **loss),
            ),
        )
    ).eval()
    maps = torch.randn(len(labels), 4, 1, 2, 2, requires_grad=True)
    _, losses = neck([maps, torch.randn(len(labels), 8, 1, 1, 1)], samples(*labels))
    return losses['loss_aux_1'], maps, neck.aux_heads['1']


@pytest.mark.parametrize('label', [0, NONE], ids=['class', 'no-class'])
def test_auxiliary_head_learns_nothing_from_background(label):
    loss, maps, _ = aux_loss(label, label, class_weight=UNWEIGHTED)
    loss.backward()
    assert loss == 0
    assert torch.equal(maps.grad, torch.zeros_like(maps))


def test_background_beside_an_action_counts_nothing_in_the_auxiliary_head():
    action = F.one_hot(torch.tensor(3), CLASSES).float()
    loss, maps, head = aux_loss(NONE, action)
    # lambda 0.5, mean over both videos
    expected = -0.5 * head(maps)[1].log_softmax(dim=0)[3] / 2
    torch.testing.assert_close(loss, expected)


def test_several_classes_are_still_refused_by_cross_entropy():
    action, both = torch.eye(CLASSES)[1], torch.ones(CLASSES)
    with pytest.raises(ValueError, match=r'BCELossWithLogits.*sums to 4'):
        aux_loss(action, both, NONE)
