"""TemporalPyramidHead: options, losses as MMAction2 computes them, views."""

import pytest
import torch
from mmaction.models.heads import I3DHead
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.models import TemporalPyramidHead
from tpn_tsn_plugin.registry import MODELS

CLASSES = 6
WIDTH = 16


def build(**options):
    head = dict(type='TemporalPyramidHead', num_classes=CLASSES, in_channels=WIDTH)
    return MODELS.build(head | options)


def samples(labels):
    return [ActionDataSample().set_gt_label(label) for label in labels]


@pytest.mark.parametrize('ratio', [0.0, 1.0])
def test_dropout_ratio(ratio):
    head = build(dropout_ratio=ratio)
    x = torch.randn(2, WIDTH, 1, 2, 2)
    # With everything dropped only the bias is left, and only in training.
    kept = head.fc_cls(x.mean(dim=(2, 3, 4)))
    trained = head.fc_cls.bias.expand(2, -1) if ratio else kept
    torch.testing.assert_close(head.train()(x), trained)
    torch.testing.assert_close(head.eval()(x), kept)


@pytest.mark.parametrize('std', [0.01, 0.5])
def test_init_std(std):
    head = build(num_classes=50, in_channels=200, init_std=std)
    head.init_weights()
    assert head.fc_cls.weight.std().item() == pytest.approx(std, rel=0.05)
    assert head.fc_cls.bias.abs().max() == 0


def test_init_cfg_comes_before_init_std():
    head = build(init_cfg=dict(type='Constant', layer='Linear', val=3.0), init_std=1)
    head.init_weights()
    assert (head.fc_cls.weight == 3).all()


@pytest.mark.parametrize('average_clips', [None, 'score', 'prob'])
@pytest.mark.parametrize('multi_class', [False, True])
def test_views_become_one(multi_class, average_clips):
    head = build(multi_class=multi_class, average_clips=average_clips)
    scores = torch.randn(2 * 3, CLASSES)
    views = scores.view(2, 3, CLASSES)
    probabilities = views.sigmoid() if multi_class else views.softmax(dim=2)
    expected = {
        None: views,
        'score': views.mean(dim=1),
        'prob': probabilities.mean(dim=1),
    }[average_clips]
    torch.testing.assert_close(head.average_clip(scores, num_segs=3), expected)


def test_probabilities_are_the_default():
    assert build().average_clips == 'prob'


@pytest.mark.parametrize('kind', ['index', 'soft'])
@pytest.mark.parametrize('eps', [0.0, 0.1])
@pytest.mark.parametrize('videos', [1, 4, CLASSES])
def test_losses_equal_those_of_mmaction2(videos, eps, kind):
    labels = [i % CLASSES for i in range(videos)]
    if kind == 'soft':
        labels = torch.rand(videos, CLASSES).softmax(dim=1)
    options = dict(
        num_classes=CLASSES, in_channels=WIDTH, label_smooth_eps=eps, topk=(1, 2, 3)
    )
    scores = 3 * torch.randn(videos, CLASSES)
    expected = I3DHead(**options).loss_by_feat(scores, samples(labels))
    got = TemporalPyramidHead(**options).loss_by_feat(scores, samples(labels))
    assert list(got) == list(expected)
    assert len(got) == (4 if kind == 'index' else 1)
    for name, value in expected.items():
        torch.testing.assert_close(got[name], value, check_dtype=False, msg=name)


def test_label_smoothing_by_hand():
    head = build(num_classes=2, label_smooth_eps=0.2)
    scores = torch.tensor([[1.0, -1.0]])
    log_probabilities = scores.log_softmax(dim=1)[0]
    # 1 - eps + eps / 2 for the class, eps / 2 for the other one.
    expected = -(0.9 * log_probabilities[0] + 0.1 * log_probabilities[1])
    losses = head.loss_by_feat(scores, samples([0]))
    torch.testing.assert_close(losses['loss_cls'], expected)


def test_several_labels_a_video():
    head = build(multi_class=True, loss_cls=dict(type='BCELossWithLogits'))
    labels = (torch.rand(3, CLASSES) > 0.5).float()
    scores = torch.randn(3, CLASSES)
    chances = scores.sigmoid()
    expected = -(labels * chances.log() + (1 - labels) * (1 - chances).log()).mean()
    losses = head.loss_by_feat(scores, samples(labels))
    assert list(losses) == ['loss_cls']
    torch.testing.assert_close(losses['loss_cls'], expected)


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(average_clips='mean'), 'average_clips must be one of'),
        (dict(spatial_type='max'), 'spatial_type must be one of'),
        (dict(consensus=dict(type='MaxConsensus')), 'consensus must be one of'),
    ],
)
def test_wrong_options(change, message):
    with pytest.raises(ValueError, match=message):
        build(**change)


@pytest.mark.parametrize('shape', [(2, WIDTH), (2, WIDTH + 1, 1, 1, 1)])
def test_wrong_maps(shape):
    with pytest.raises(ValueError, match=r'takes \(N, 16, T, H, W\)'):
        build()(torch.randn(shape))


@pytest.mark.parametrize('label', [-1, CLASSES])
def test_label_out_of_range(label):
    with pytest.raises(ValueError, match=f'label {label} is out of range'):
        build().loss(torch.randn(1, WIDTH, 1, 1, 1), samples([label]))
