"""The head of two-stream networks: pooling, layers, time and views."""

import pytest
import torch
from two_streams import samples

from tpn_tsn_plugin.registry import MODELS

CLASSES, CHANNELS = 4, 6


def build(**options):
    torch.manual_seed(0)
    defaults = dict(num_classes=CLASSES, in_channels=CHANNELS)
    return MODELS.build(dict(type='TwoStreamFusionHead', **defaults | options)).eval()


def test_scores_of_a_volume_are_averaged_over_time():
    head, x = build(), torch.randn(2, CHANNELS, 3, 5, 4)
    each = [head.fc_cls(x[:, :, t].mean(dim=(2, 3))) for t in range(3)]
    torch.testing.assert_close(head(x), torch.stack(each).mean(dim=0))


def test_frames_and_their_volume_get_the_same_scores():
    head, frames = build(), torch.randn(6, CHANNELS, 5, 4)
    volume = frames.unflatten(0, (2, 3)).transpose(1, 2)
    torch.testing.assert_close(head(frames, num_segs=3), head(volume))


def test_hidden_layers_see_the_pooled_map():
    head = build(pool_size=2, hidden_channels=(7, 5))
    x = torch.randn(2, CHANNELS, 4, 4)
    pooled = torch.nn.functional.avg_pool2d(x, 2).flatten(1)
    first, second = head.hidden[0], head.hidden[3]
    expected = head.fc_cls(second(first(pooled).relu()).relu())
    torch.testing.assert_close(head(x, num_segs=1), expected)


def test_a_convolution_may_come_first():
    head, x = build(conv_channels=5), torch.randn(2, CHANNELS, 4, 4)
    mixed = torch.nn.functional.conv2d(x, head.conv.conv.weight, padding=1)
    # As initialised, normalisation only divides by sqrt(1 + eps).
    pooled = (mixed / (1 + 1e-5) ** 0.5).relu().mean(dim=(2, 3))
    torch.testing.assert_close(head(x, num_segs=1), head.fc_cls(pooled))
    volume = torch.randn(2, CHANNELS, 3, 4, 4)
    frames = volume.transpose(1, 2).flatten(0, 1)
    torch.testing.assert_close(head(volume), head(frames, num_segs=3))


def test_hidden_layers_load_vgg_classifiers(tmp_path):
    """Names and shapes as torchvision saves them."""
    layers = {
        'classifier.0.weight': torch.randn(8, CHANNELS * 4),
        'classifier.0.bias': torch.randn(8),
        'classifier.3.weight': torch.randn(8, 8),
        'classifier.3.bias': torch.randn(8),
        'classifier.6.weight': torch.randn(1000, 8),
        'classifier.6.bias': torch.randn(1000),
    }
    torch.save(layers, tmp_path / 'vgg.pth')
    init_cfg = dict(
        type='Pretrained', checkpoint=str(tmp_path / 'vgg.pth'), prefix='classifier'
    )
    head = build(pool_size=2, hidden_channels=(8, 8), hidden_init_cfg=init_cfg)
    head.init_weights()
    for name, value in head.hidden.state_dict().items():
        assert torch.equal(value, layers[f'classifier.{name}'])
    assert head.fc_cls.weight.std().item() == pytest.approx(0.01, rel=0.5)


def test_dropout_comes_once_before_the_classifier():
    assert build(dropout_ratio=0.7).dropout.p == 0.7
    deep = build(dropout_ratio=0.7, hidden_channels=(5,))
    assert (deep.hidden[2].p, deep.dropout.p) == (0.7, 0.0)


def test_views_are_averaged_after_time():
    """Two crops of three frames: probabilities of the mean score of each crop."""
    head, x = build(), torch.randn(6, CHANNELS, 5, 4)
    (sample,) = head.predict(x, samples(1, num_clips=3), num_segs=6)
    by_view = head.fc_cls(x.mean(dim=(2, 3))).view(2, 3, -1).mean(dim=1)
    torch.testing.assert_close(sample.pred_score, by_view.softmax(dim=1).mean(dim=0))


def test_a_pooled_volume_may_have_fewer_times_than_segments():
    head, x = build(), torch.randn(4, CHANNELS, 2, 3, 3)
    found = head.predict(x, samples(2, num_clips=3))
    assert [tuple(sample.pred_score.shape) for sample in found] == [(CLASSES,)] * 2


def test_hinge_loss():
    head = build(loss_cls=dict(type='HingeLoss'))
    losses = head.loss(torch.zeros(2, CHANNELS, 3, 3), samples(2), num_segs=1)
    # All scores are the bias, 0: one margin of 1 a class.
    assert losses['loss_cls'].item() == pytest.approx(CLASSES, abs=0.3)
    assert 'top1_acc' in losses


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(pool_size=0), 'pool_size.*0'),
        (dict(conv_channels=0), 'conv_channels.*0'),
        (dict(hidden_channels=(5, 0)), 'hidden_channels.*0'),
        (dict(num_classes=0), 'num_classes.*0'),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ValueError, match=message):
        build(**options)


def test_maps_of_other_width():
    with pytest.raises(ValueError, match=r'TwoStreamFusionHead takes.*6, H, W.*\(2, 5'):
        build()(torch.zeros(2, 5, 3, 3))
