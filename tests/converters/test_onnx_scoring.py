"""Scores from tensors alone are those of MMAction2's testing."""

import pytest
import torch
from small_recognizers import FAMILIES, SEGMENTS, build, head, sample, tsn

from tpn_tsn_plugin.converters.onnx.comparison import predict
from tpn_tsn_plugin.converters.onnx.inputs import (
    GraphInput,
    inputs_of,
    random_batch,
    stack,
    told_segments,
)
from tpn_tsn_plugin.converters.onnx.scoring import VideoScores
from tpn_tsn_plugin.errors import ExportError


def score(config, packed, videos=3, views=2):
    """Scores from tensors, and MMAction2's, of the same videos."""
    model = build(config)
    told = told_segments(packed)
    scores = VideoScores(model, told)
    batch = random_batch(inputs_of(packed, model), videos, views)
    for x in batch.values():
        # noise is all alike; videos are dark or bright
        x *= torch.linspace(0.2, 1, videos).view(-1, *[1] * (x.ndim - 1))
    with torch.no_grad():
        found = [
            own.numpy() for own in scores(*(batch[name] for name in scores.input_names))
        ]
    return scores, found, predict(model, batch, told)


@pytest.mark.parametrize('name', FAMILIES)
def test_scores_are_those_of_testing(name):
    config = FAMILIES[name]
    scores, found, expected = score(config, sample(config))
    assert len(found) == len(expected) == len(scores.output_names)
    for own, theirs, classes in zip(found, expected, scores.classes.values()):
        assert own.shape == theirs.shape == (3, classes)
        # videos differ, so that equal scores mean something
        assert theirs.std(axis=0).max() > 1e-3
        torch.testing.assert_close(own, theirs, rtol=1e-4, atol=1e-5)


def test_views_that_samples_do_not_tell_apart():
    config = FAMILIES['tsn average']
    _, found, expected = score(config, sample(config, img_shape=(1, 1)), views=1)
    torch.testing.assert_close(found[0], expected[0], rtol=1e-4, atol=1e-5)
    told = score(config, sample(config))[1][0]
    assert abs(told.sum(axis=1) - 1).max() < 1e-5


@pytest.mark.parametrize(
    ('name', 'names', 'meaning'),
    [
        ('tsn average', ['scores'], 'probabilities (softmax), averaged over views'),
        ('scores', ['scores'], 'class scores before softmax, averaged over views'),
        ('several labels', ['scores'], 'probabilities (sigmoid), '),
        ('several tasks', ['scores_verb', 'scores_noun'], 'probabilities (softmax), '),
    ],
)
def test_names_and_meaning(name, names, meaning):
    scores = VideoScores(build(FAMILIES[name]), SEGMENTS)
    assert scores.output_names == names
    assert scores.meaning.startswith(meaning)


@pytest.mark.parametrize(
    ('config', 'message'),
    [
        (tsn(cls_head=head(average_clips=None)), "average_clips .* 'prob' or 'score'"),
        (tsn(cls_head=head(view_pooling='max')), "view_pooling='max' .*=average"),
        (tsn(cls_head=None), 'Recognizer2D cannot be exported; .*, with a head'),
        (
            tsn(
                data_preprocessor=dict(
                    type='ActionDataPreprocessor', format_shape='MIX2d3d'
                )
            ),
            "'NCHW' or 'NCTHW', .* got ActionDataPreprocessor of 'MIX2d3d'",
        ),
    ],
)
def test_what_no_graph_can_do_is_refused(config, message):
    with pytest.raises(ExportError, match=message) as caught:
        VideoScores(build(config), SEGMENTS)
    assert '\n' not in str(caught.value)


def test_other_models_are_refused():
    with pytest.raises(ExportError, match='Linear cannot be exported; Recognizer2D'):
        VideoScores(torch.nn.Linear(1, 1), None)


@pytest.mark.parametrize(
    ('name', 'meta', 'view'),
    [
        ('tsn average', {}, (4, 3, 32, 32)),
        # nothing tells views from segments
        ('tsn average', {'a': 1}, (8, 3, 32, 32)),
        # but a backbone that shifts features knows its segments
        ('tsm and tpn', {'a': 1}, (4, 3, 32, 32)),
        ('slowonly and tpn', {}, (1, 3, 4, 32, 32)),
    ],
)
def test_shape_of_a_view(name, meta, view):
    config = FAMILIES[name]
    model = build(config)
    assert inputs_of(sample(config, **meta), model) == {'imgs': GraphInput(view)}


def test_axes_are_named():
    clip = GraphInput((1, 3, 8, 32, 48))
    assert clip.shape == ('videos', 'views', 3, 8, 32, 48)
    assert GraphInput((4, 10, 32, 48)).shape == ('videos', 'frames', 10, 32, 48)


def test_both_inputs_of_two_streams():
    config = FAMILIES['late fusion']
    packed = sample(config)
    inputs = inputs_of(packed, build(config))
    assert {name: own.view for name, own in inputs.items()} == {
        'imgs': (4, 3, 32, 32),
        'flow_imgs': (4, 10, 32, 32),
    }
    batch = stack([packed, packed])
    assert batch['flow_imgs'].shape == (2, 8, 10, 32, 32)
    assert batch['flow_imgs'].dtype == torch.float32


def test_sample_that_is_no_video():
    packed = dict(sample(tsn()), inputs=torch.zeros(3, 7))
    with pytest.raises(ExportError, match=r'must end in frames .* got \(3, 7\)'):
        inputs_of(packed, build(tsn()))
