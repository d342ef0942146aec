"""The TSN head: equality with MMAction2's, consensus over segments of one view only."""

import copy
import re

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.functional.window_integration import integrate_windows
from tpn_tsn_plugin.registry import MODELS

CLASSES, C, K = 7, 6, 3


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


def build(name='SegmentConsensusHead', **options):
    head = MODELS.build(dict(type=name, num_classes=CLASSES, in_channels=C, **options))
    torch.nn.init.normal_(head.fc_cls.weight)
    torch.nn.init.normal_(head.fc_cls.bias)
    return head.eval()


def maps(videos=2, frames=K):
    return torch.randn(videos * frames, C, 4, 5)


def samples(videos=2, **meta):
    return [
        ActionDataSample(metainfo=meta).set_gt_label(i % CLASSES) for i in range(videos)
    ]


def row_scores(head, x):
    """Scores of every frame, (frames, classes)."""
    return head.fc_cls(x.mean(dim=(2, 3)))


@pytest.mark.parametrize('consensus_at', ['scores', 'features'])
@pytest.mark.parametrize('frames', [1, 3, 8])
@pytest.mark.parametrize('average_clips', ['prob', 'score'])
def test_equals_tsn_head(consensus_at, frames, average_clips):
    theirs = build('TSNHead', average_clips=average_clips)
    ours = build(consensus_at=consensus_at, average_clips=average_clips)
    ours.load_state_dict(theirs.state_dict())
    x = maps(2, frames)
    torch.testing.assert_close(ours(x, frames), theirs(x, frames), atol=1e-6, rtol=0)

    losses = [head.loss(x, samples(), num_segs=frames) for head in (ours, theirs)]
    assert losses[0].keys() == losses[1].keys()
    for name in losses[0]:
        torch.testing.assert_close(
            losses[0][name].float(), losses[1][name].float(), atol=1e-5, rtol=0
        )
    predictions = [
        head.predict(x, samples(), num_segs=frames) for head in (ours, theirs)
    ]
    for own, other in zip(*predictions):
        torch.testing.assert_close(own.pred_score, other.pred_score, atol=1e-6, rtol=0)
        assert own.pred_label == other.pred_label


def test_ten_crops_of_twenty_five_segments_equal_tsn_head():
    """The average does not care what is a crop and what a segment."""
    theirs, ours = (
        build(name, average_clips='score')
        for name in ('TSNHead', 'SegmentConsensusHead')
    )
    ours.load_state_dict(theirs.state_dict())
    x = maps(1, 250)
    for meta in ({}, dict(num_clips=25)):
        (own,) = ours.predict(x, samples(1, **meta), num_segs=250)
        (other,) = theirs.predict(x, samples(1), num_segs=250)
        torch.testing.assert_close(own.pred_score, other.pred_score, atol=1e-6, rtol=0)


def test_options_of_mmaction2_configs_are_taken():
    options = dict(
        spatial_type='avg',
        consensus=dict(type='AvgConsensus', dim=1),
        dropout_ratio=0.4,
        init_std=0.01,
        average_clips='prob',
        loss_cls=dict(type='CrossEntropyLoss'),
    )
    theirs, ours = build('TSNHead', **options), build(**options)
    assert ours.state_dict().keys() == theirs.state_dict().keys()


def test_initial_weights():
    head = MODELS.build(
        dict(
            type='SegmentConsensusHead', num_classes=400, in_channels=512, init_std=0.01
        )
    )
    head.init_weights()
    assert head.fc_cls.weight.std().item() == pytest.approx(0.01, rel=0.02)
    assert not head.fc_cls.bias.any()


@pytest.mark.parametrize('where', ['metainfo', 'option'])
def test_crops_never_mix_with_segments(where):
    option = dict(test_segments=K) if where == 'option' else {}
    head = build(consensus=dict(type='MaxConsensus'), average_clips='score', **option)
    views = 4
    x = maps(2, views * K)
    meta = dict(num_clips=K) if where == 'metainfo' else {}
    predicted = head.predict(x, samples(2, **meta), num_segs=views * K)
    by_view = row_scores(head, x).view(2, views, K, CLASSES)
    expected = by_view.amax(dim=2).mean(dim=1)
    for video, scores in zip(predicted, expected):
        torch.testing.assert_close(video.pred_score, scores)
    mixed = by_view.amax(dim=(1, 2))
    assert not torch.allclose(expected, mixed)


def test_the_option_wins_over_the_sampler():
    """Dense sampling counts its positions among the clips."""
    head = build(
        consensus=dict(type='MaxConsensus'), average_clips='score', test_segments=K
    )
    x = maps(1, 2 * K)
    (video,) = head.predict(x, samples(1, num_clips=2 * K), num_segs=2 * K)
    expected = row_scores(head, x).view(2, K, CLASSES).amax(dim=1).mean(dim=0)
    torch.testing.assert_close(video.pred_score, expected)


def test_probabilities_are_averaged_over_views():
    head = build(consensus=dict(type='TopKConsensus', k=2))
    x = maps(1, 2 * K)
    (video,) = head.predict(x, samples(1, num_clips=K), num_segs=2 * K)
    best = row_scores(head, x).view(2, K, CLASSES).topk(2, dim=1).values.mean(dim=1)
    torch.testing.assert_close(video.pred_score, best.softmax(dim=1).mean(dim=0))


def test_consensus_before_the_classifier():
    head = build(consensus=dict(type='MaxConsensus'), consensus_at='features')
    x = maps(2, K)
    pooled = x.mean(dim=(2, 3)).view(2, K, C).amax(dim=1)
    torch.testing.assert_close(head(x, K), head.fc_cls(pooled))


def test_another_consensus_and_another_k_for_testing():
    head = build(
        consensus=dict(type='LinearConsensus', num_segments=K),
        test_consensus=dict(type='TemporalWindowConsensus'),
        average_clips='score',
    )
    x = maps(1, 70)
    (video,) = head.predict(x, samples(1, num_clips=70), num_segs=70)
    expected = integrate_windows(row_scores(head, x)[None])[0]
    torch.testing.assert_close(video.pred_score, expected)
    head.train()
    head.dropout.p = 0
    x = maps(2, K)
    trained = head(x, K)
    torch.testing.assert_close(trained, row_scores(head, x).view(2, K, -1).mean(dim=1))


def test_maximum_over_views_first():
    """The released code's order in window integration."""
    head = build(
        test_consensus=dict(type='TemporalWindowConsensus'),
        view_pooling='max',
        average_clips='score',
        keep_segment_scores=True,
    )
    views, seconds = 2, 30
    x = maps(2, views * seconds)
    predicted = head.predict(x, samples(2, num_clips=seconds), num_segs=views * seconds)
    highest = row_scores(head, x).view(2, views, seconds, CLASSES).amax(dim=1)
    for video, rows in zip(predicted, highest):
        expected = integrate_windows(rows[None])[0]
        torch.testing.assert_close(video.pred_score, expected)
        torch.testing.assert_close(video.segment_scores, rows)


def test_maximum_over_views_takes_the_mean_of_their_features():
    head = build(
        consensus=dict(type='AttentionConsensus', in_channels=C),
        view_pooling='max',
        average_clips='score',
    )
    torch.nn.init.normal_(head.consensus.weight)
    x = maps(1, 2 * K)
    (video,) = head.predict(x, samples(1, num_clips=K), num_segs=2 * K)
    features = x.mean(dim=(2, 3)).view(2, K, C).mean(dim=0)
    scores = row_scores(head, x).view(2, K, CLASSES).amax(dim=0)
    attention = (features @ head.consensus.weight).softmax(dim=0)
    torch.testing.assert_close(video.pred_score, attention @ scores)


def test_training_takes_all_frames_whatever_testing_does():
    head = build(test_segments=2, consensus=dict(type='MaxConsensus'))
    x = maps(2, 4)
    expected = row_scores(head, x).view(2, 4, CLASSES).amax(dim=1)
    labels = torch.tensor([0, 1])
    torch.testing.assert_close(
        head.loss(x, samples(2), num_segs=4)['loss_cls'],
        torch.nn.functional.cross_entropy(expected, labels),
    )


@pytest.mark.parametrize('consensus_at', ['scores', 'features'])
def test_dropout_comes_before_the_classifier(consensus_at):
    head = build(consensus_at=consensus_at, dropout_ratio=1.0).train()
    torch.testing.assert_close(head(maps(), K), head.fc_cls.bias.expand(2, -1))


def test_segment_scores_are_kept():
    head = build(keep_segment_scores=True)
    x = maps(1, 2 * K)
    (video,) = head.predict(x, samples(1, num_clips=K), num_segs=2 * K)
    expected = row_scores(head, x).view(2, K, CLASSES).mean(dim=0)
    torch.testing.assert_close(video.segment_scores, expected)
    (video,) = build().predict(x, samples(1), num_segs=2 * K)
    assert 'segment_scores' not in video


def test_attention_over_windows_uses_what_training_learned():
    """With the weights registered once: an optimiser refuses them twice."""
    head = build(
        consensus=dict(type='AttentionConsensus', in_channels=C),
        test_consensus=dict(
            type='TemporalWindowConsensus', window_pooling='attention', in_channels=C
        ),
        average_clips='score',
    )
    plain = build(consensus=dict(type='AttentionConsensus', in_channels=C))
    assert head.state_dict().keys() == plain.state_dict().keys()
    torch.nn.init.normal_(head.consensus.weight)
    x = maps(1, 20)
    for one in (head, copy.deepcopy(head)):
        (video,) = one.predict(x, samples(1, num_clips=20), num_segs=20)
        features = x.mean(dim=(2, 3))[None]
        energies = features @ one.consensus.weight
        expected = integrate_windows(row_scores(one, x)[None], energies=energies)
        torch.testing.assert_close(video.pred_score, expected[0])
        # what a copy learns is its own
        torch.nn.init.zeros_(one.consensus.weight)


def test_volume_of_a_clip():
    """(N, C, K, H, W), as dense testing and 3D backbones give it."""
    head = build(consensus=dict(type='MaxConsensus'))
    x = maps(2, K)
    volume = x.view(2, K, C, 4, 5).transpose(1, 2)
    torch.testing.assert_close(head(volume), head(x, K))


def test_multi_label_training_and_testing():
    head = build(
        consensus=dict(type='TopKConsensus', k=2),
        multi_class=True,
        loss_cls=dict(type='BCELossWithLogits'),
    )
    x = maps(2, K)
    labels = torch.randint(2, (2, CLASSES)).float()
    videos = [ActionDataSample(metainfo=dict(num_clips=K)) for _ in range(2)]
    for video, label in zip(videos, labels):
        video.set_gt_label(label)
    scores = row_scores(head, x).view(2, K, -1).topk(2, dim=1).values.mean(dim=1)
    expected = torch.nn.functional.binary_cross_entropy_with_logits(scores, labels)
    torch.testing.assert_close(head.loss(x, videos, num_segs=K)['loss_cls'], expected)
    predicted = head.predict(x, videos, num_segs=K)
    torch.testing.assert_close(predicted[0].pred_score, scores[0].sigmoid())


@pytest.mark.parametrize(
    'consensus',
    [
        dict(type='AvgConsensus'),
        dict(type='MaxConsensus'),
        dict(type='TopKConsensus', k=2),
        dict(type='LinearConsensus', num_segments=K),
        dict(type='AttentionConsensus', in_channels=C),
    ],
    ids=lambda consensus: consensus['type'],
)
@pytest.mark.parametrize('consensus_at', ['scores', 'features'])
def test_behind_recognizer2d(consensus, consensus_at):
    recognizer = MODELS.build(
        dict(
            type='Recognizer2D',
            backbone=dict(
                type='ResNet',
                depth=18,
                num_stages=1,
                out_indices=(0,),
                strides=(1,),
                dilations=(1,),
            ),
            cls_head=dict(
                type='SegmentConsensusHead',
                num_classes=CLASSES,
                in_channels=64,
                consensus={**consensus, 'in_channels': 64}
                if 'in_channels' in consensus
                else consensus,
                consensus_at=consensus_at,
            ),
        )
    )
    inputs = torch.randn(2, K, 3, 16, 16)
    losses = recognizer(inputs, samples(2), mode='loss')
    losses['loss_cls'].backward()
    assert all(p.grad is not None for p in recognizer.parameters())
    recognizer.eval()
    crops = torch.cat([inputs, inputs.flip(-1)], dim=1)
    for video in recognizer(crops, samples(2, num_clips=K), mode='predict'):
        torch.testing.assert_close(video.pred_score.sum(), torch.tensor(1.0))


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(spatial_type='max'), "spatial_type must be one of ['avg'], got 'max'"),
        (
            dict(consensus_at='score'),
            "consensus_at must be one of ['scores', 'features'], got 'score'",
        ),
        (
            dict(view_pooling='mean'),
            "view_pooling must be one of ['average', 'max'], got 'mean'",
        ),
        (
            dict(view_pooling='max', consensus_at='features'),
            "needs consensus_at='scores', got 'features'",
        ),
        (dict(test_segments=0), 'test_segments must be a whole number from 1 on'),
        (
            dict(
                consensus=dict(type='AttentionConsensus', in_channels=C),
                test_consensus=dict(
                    type='TemporalWindowConsensus',
                    window_pooling='attention',
                    in_channels=C + 1,
                ),
            ),
            'in_channels of consensus and test_consensus must be equal, got 6 and 7',
        ),
        (
            dict(test_consensus=dict(type='AttentionConsensus', in_channels=C)),
            'test_consensus=AttentionConsensus has weights that training with '
            'AvgConsensus never learns',
        ),
        (
            dict(
                test_consensus=dict(
                    type='TemporalWindowConsensus',
                    window_pooling='attention',
                    in_channels=C,
                )
            ),
            'test_consensus=TemporalWindowConsensus has weights that training',
        ),
        (
            dict(test_consensus=dict(type='LinearConsensus', num_segments=K)),
            'test_consensus=LinearConsensus has weights that training',
        ),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        build(**options)


def predict(frames, meta=None, **options):
    build(**options).predict(
        maps(1, frames), samples(1, **(meta or {})), num_segs=frames
    )


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (
            lambda: predict(4, consensus=dict(type='MaxConsensus')),
            'MaxConsensus must know which of 4 frames are segments and which are '
            "crops: pack 'num_clips'",
        ),
        (
            lambda: predict(4, dict(num_clips=3)),
            '4 frames are no whole number of views of 3 segments; check test_segments',
        ),
        (
            # 18 frames of two videos make three times six
            lambda: build().predict(maps(2, 9), samples(2, num_clips=6), num_segs=9),
            '9 frames are no whole number of views of 6 segments',
        ),
        (
            lambda: build().predict(
                torch.zeros(1, C, 8, 2, 2), samples(1, num_clips=3)
            ),
            '8 frames are no whole number of views of 3 segments',
        ),
        (
            lambda: predict(
                5,
                dict(num_clips=5),
                consensus=dict(type='LinearConsensus', num_segments=3),
            ),
            'LinearConsensus has weights for num_segments=3, got 5 segments',
        ),
        (
            lambda: predict(
                3, dict(num_clips=3), consensus=dict(type='TopKConsensus', k=4)
            ),
            'k=4 must not exceed the number of segments, got 3',
        ),
        (
            lambda: build().predict(
                maps(2), [*samples(1, num_clips=3), *samples(1, num_clips=1)]
            ),
            'videos of a batch have [1, 3] snippets; test with batch_size=1',
        ),
        (lambda: build()(torch.zeros(3, C)), 'SegmentConsensusHead takes (N·V·K, 6, H'),
        (lambda: build()(torch.zeros(3, 5, 1, 1), 3), 'got (3, 5, 1, 1)'),
        (
            lambda: build().loss(
                maps(1), [ActionDataSample().set_gt_label(CLASSES)], num_segs=K
            ),
            'label 7 is out of range: with num_classes=7',
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
