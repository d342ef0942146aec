"""Every config's model builds and runs."""

import copy

import pytest
import torch
from mmaction.structures import ActionDataSample
from view_shapes import sampling, training_pipeline, view_shape

from tpn_tsn_plugin.registry import MODELS

# The top map is one pixel.
SMALL = 32
RUN_BEFORE = set()


def samples(config, number):
    """Videos with a label of the kind that the config's head reads."""
    head = config.model.cls_head
    label = torch.zeros(head.num_classes) if head.get('multi_class') else 1
    if 'tasks' in head:
        label = [1] * len(head.tasks)
    segments = ActionDataSample(metainfo=dict(num_clips=1))
    return [segments.clone().set_gt_label(label) for _ in range(number)]


def num_classes(config):
    head = config.model.cls_head
    return head.tasks if 'tasks' in head else head.num_classes


def kind_of_model(model):
    """What tells models apart, but for numbers that the meta device has tried."""
    kind = copy.deepcopy(model.to_dict())
    if kind['backbone']['type'].startswith('ResNet'):
        kind['backbone'].pop('depth')
    kind['cls_head'].pop('num_classes', None)
    kind['cls_head'].pop('dropout_ratio', None)
    kind.get('neck', {}).pop('temporal_rates', None)
    kind.get('neck', {}).pop('aux_head', None)
    return str(kind)


@pytest.fixture
def config(config_path, read):
    config = read(config_path)
    if config.model.backbone.type.startswith('mmpretrain.'):
        pytest.skip('needs mmpretrain, timm and torchvision')
    return config


def test_whole_model_takes_a_view_of_the_test_pipeline(config):
    """On the meta device: shapes are real, nothing is computed or stored."""
    with torch.device('meta'):
        model = MODELS.build(config.model).eval()
        inputs = torch.empty(view_shape(config))
    scores, _ = model.extract_feat(inputs, stage='head')
    if isinstance(scores, dict):
        shapes = {task: score.shape for task, score in scores.items()}
        assert shapes == {task: (1, n) for task, n in num_classes(config).items()}
    else:
        assert scores.shape == (1, num_classes(config))


def test_model_trains_and_predicts(config):
    kind = kind_of_model(config.model)
    if kind in RUN_BEFORE:
        return
    RUN_BEFORE.add(kind)
    model = MODELS.build(config.model)
    shape = view_shape(config, SMALL)
    training = sampling(training_pipeline(config))
    if config.model.data_preprocessor.format_shape == 'NCHW':
        # as many segments as the consensus learns with
        shape = (1, training.num_clips, *shape[2:])
    videos = min(2, config.val_dataloader.batch_size)

    with torch.no_grad():
        losses = model(torch.rand(2, *shape[1:]), samples(config, 2), mode='loss')
        model.eval()
        # two views of each video, and as many videos as validation may take
        views = torch.rand(videos, 2 * shape[1], *shape[2:])
        told = samples(config, videos)
        for sample in told:
            sample.set_metainfo(dict(num_clips=shape[1]))
        predicted = model(views, told, mode='predict')

    expected = {'loss_cls'}
    if config.model.get('neck', {}).get('aux_head'):
        expected.add('loss_aux_1')
    if 'tasks' in config.model.cls_head:
        expected = {f'{task}_loss_cls' for task in config.model.cls_head.tasks}
    assert {name for name in losses if 'loss' in name} == expected
    assert all(losses[name].isfinite() for name in expected)
    for video in predicted:
        check_scores(config, video.pred_score)


def check_scores(config, scores):
    """As many as classes; probabilities unless the config asks for scores."""
    head = config.model.cls_head
    if 'tasks' in head:
        assert {task: len(score) for task, score in scores.items()} == head.tasks
        return
    assert scores.shape == (head.num_classes,)
    if head.get('average_clips') != 'score' and not head.get('multi_class'):
        torch.testing.assert_close(scores.sum(), torch.tensor(1.0))
