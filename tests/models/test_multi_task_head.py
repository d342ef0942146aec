"""Several labels a video: every task is a head of its own."""

import re

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.registry import MODELS

TASKS = dict(verb=4, noun=6)
C, K = 5, 3


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


def build(tasks=TASKS, **head):
    head = (
        dict(type='SegmentConsensusHead', in_channels=C, dropout_ratio=0, init_std=1.0)
        | head
    )
    model = MODELS.build(dict(type='MultiTaskHead', tasks=tasks, head=head))
    model.init_weights()
    return model


def samples(*labels, **meta):
    return [
        ActionDataSample(metainfo=meta).set_gt_label(list(label)) for label in labels
    ]


def test_losses_are_those_of_the_tasks():
    model, x = build(), torch.randn(2 * K, C, 2, 2)
    losses = model.loss(x, samples((1, 5), (3, 0)), num_segs=K)
    total = 0
    for i, task in enumerate(TASKS):
        alone = samples(*[[label[i]] for label in ((1, 5), (3, 0))])
        expected = model.heads[task].loss(x, alone, num_segs=K)
        torch.testing.assert_close(losses[f'{task}_loss_cls'], expected['loss_cls'])
        assert losses[f'{task}_top1_acc'] == expected['top1_acc']
        total = total + losses[f'{task}_loss_cls']
    total.backward()
    assert all(p.grad.abs().sum() > 0 for p in model.parameters())


def test_an_action_is_right_when_all_tasks_are():
    model, x = build(), torch.randn(3 * K, C, 2, 2)
    best = [scores.argmax(dim=1) for scores in model(x, num_segs=K).values()]
    labels = torch.stack(best, dim=1)
    labels[0, 1] = (labels[0, 1] + 1) % 6
    losses = model.loss(x, samples(*labels.tolist()), num_segs=K)
    assert losses['verb_top1_acc'] == 1
    assert losses['noun_top1_acc'].item() == pytest.approx(2 / 3)
    assert losses['action_top1_acc'].item() == pytest.approx(2 / 3)


def test_predictions_by_task():
    model = build(consensus=dict(type='MaxConsensus')).eval()
    x = torch.randn(2 * 2 * K, C, 2, 2)
    videos = model.predict(x, samples((0, 0), (1, 1), num_clips=K), num_segs=2 * K)
    for i, task in enumerate(TASKS):
        alone = [ActionDataSample(metainfo=dict(num_clips=K)) for _ in range(2)]
        model.heads[task].predict(x, alone, num_segs=2 * K)
        for video, expected in zip(videos, alone):
            assert torch.equal(video.pred_score[task], expected.pred_score)
            assert video.pred_label[i] == expected.pred_label
    assert videos[1].gt_label.tolist() == [1, 1]


def test_scores_of_snippets_by_task():
    model = build(keep_segment_scores=True).eval()
    x = torch.randn(K, C, 2, 2)
    (video,) = model.predict(x, samples((0, 0), num_clips=K), num_segs=K)
    for task, classes in TASKS.items():
        expected = model.heads[task].fc_cls(x.mean(dim=(2, 3)))
        assert expected.shape == (K, classes)
        torch.testing.assert_close(video.segment_scores[task], expected)


def test_a_task_may_differ():
    weighted = dict(
        num_classes=6, loss_cls=dict(type='CrossEntropyLoss', loss_weight=0.5)
    )
    model = build(dict(verb=4, noun=weighted))
    x = torch.randn(K, C, 2, 2)
    losses = model.loss(x, samples((1, 5)), num_segs=K)
    scores = model(x, num_segs=K)['noun']
    expected = torch.nn.functional.cross_entropy(scores, torch.tensor([5])) / 2
    torch.testing.assert_close(losses['noun_loss_cls'], expected)


def test_in_a_recogniser():
    model = MODELS.build(
        dict(
            type='Recognizer2D',
            backbone=dict(type='ResNet', depth=18, norm_eval=False),
            cls_head=dict(
                type='MultiTaskHead',
                tasks=TASKS,
                head=dict(type='SegmentConsensusHead', in_channels=512),
            ),
        )
    )
    inputs, videos = torch.randn(2, K, 3, 32, 32), samples((1, 5), (3, 0))
    losses = model(inputs, videos, mode='loss')
    total, _ = model.parse_losses(losses)
    torch.testing.assert_close(total, losses['verb_loss_cls'] + losses['noun_loss_cls'])
    (first, _) = model.eval()(inputs, videos, mode='predict')
    assert {task: len(score) for task, score in first.pred_score.items()} == TASKS
    # what an evaluator gets
    assert set(first.to_dict()['pred_score']) == set(TASKS)


@pytest.mark.parametrize(
    ('call', 'message'),
    [
        (lambda: build({}), 'tasks must name at least one task'),
        (lambda: build(dict(verb=0)), 'num_classes must be a whole number from 1 on'),
        (
            lambda: build(average_clips='score'),
            "average_clips of task 'verb' must be 'prob'",
        ),
        (
            lambda: build().loss(torch.zeros(K, C, 1, 1), samples([1]), num_segs=K),
            "one class index for each of ['verb', 'noun'], got [1]",
        ),
        (
            lambda: build().loss(
                torch.zeros(K, C, 1, 1), [ActionDataSample()], num_segs=K
            ),
            "one class index for each of ['verb', 'noun'], got None",
        ),
        (
            lambda: build().loss(torch.zeros(K, C, 1, 1), samples((1, 6)), num_segs=K),
            'noun: label 6 is out of range: with num_classes=6 labels go from 0 to 5',
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
