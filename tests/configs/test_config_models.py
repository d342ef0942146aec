"""Every config's model builds and runs."""

import copy

import torch
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.registry import MODELS

# The top map is one pixel.
SMALL = 32
RUN_BEFORE = set()


def samples(number):
    return [ActionDataSample().set_gt_label(i) for i in range(number)]


def kind_of_model(model):
    """What tells models apart, but for numbers that the meta device has tried."""
    kind = copy.deepcopy(model.to_dict())
    kind['backbone'].pop('depth')
    kind['cls_head'].pop('num_classes')
    kind.get('neck', {}).pop('temporal_rates', None)
    kind.get('neck', {}).pop('aux_head', None)
    return str(kind)


def test_whole_model_takes_a_view_of_the_test_pipeline(config_path, read, flops):
    """On the meta device: shapes are real, nothing is computed or stored."""
    config = read(config_path)
    with torch.device('meta'):
        model = MODELS.build(config.model).eval()
        inputs = torch.empty(flops.view_shape(config))
    scores, _ = model.extract_feat(inputs, stage='head')
    assert scores.shape == (1, config.model.cls_head.num_classes)


def test_model_trains_and_predicts(config_path, read, flops):
    config = read(config_path)
    kind = kind_of_model(config.model)
    if kind in RUN_BEFORE:
        return
    RUN_BEFORE.add(kind)
    model = MODELS.build(config.model)
    shape = flops.view_shape(config, SMALL)
    videos = min(2, config.val_dataloader.batch_size)

    with torch.no_grad():
        losses = model(torch.rand(2, *shape[1:]), samples(2), mode='loss')
        model.eval()
        # two views of each video, and as many videos as validation may take
        views = torch.rand(videos, 2 * shape[1], *shape[2:])
        predicted = model(views, samples(videos), mode='predict')

    aux_head = config.model.get('neck', {}).get('aux_head')
    expected = {'loss_cls', 'loss_aux_1'} if aux_head else {'loss_cls'}
    assert {name for name in losses if 'loss' in name} == expected
    assert all(losses[name].isfinite() for name in expected)
    for video in predicted:
        assert video.pred_score.shape == (config.model.cls_head.num_classes,)
        torch.testing.assert_close(video.pred_score.sum(), torch.tensor(1.0))
