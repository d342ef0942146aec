"""Every config's model builds and runs."""

import torch
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.registry import MODELS

# 32 frames of ResNet-101 stay quick; the top map is one pixel.
SMALL = 32
RUN_BEFORE = set()


def samples(number):
    return [ActionDataSample().set_gt_label(i) for i in range(number)]


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
    if str(config.model) in RUN_BEFORE:
        return
    RUN_BEFORE.add(str(config.model))
    model = MODELS.build(config.model)
    shape = flops.view_shape(config, SMALL)

    with torch.no_grad():
        losses = model(torch.rand(2, *shape[1:]), samples(2), mode='loss')
        model.eval()
        # two views of one video
        views = torch.rand(1, 2 * shape[1], *shape[2:])
        (predicted,) = model(views, samples(1), mode='predict')

    aux_head = config.model.get('neck', {}).get('aux_head')
    expected = {'loss_cls', 'loss_aux_1'} if aux_head else {'loss_cls'}
    assert {name for name in losses if 'loss' in name} == expected
    assert all(losses[name].isfinite() for name in expected)
    assert predicted.pred_score.shape == (config.model.cls_head.num_classes,)
    torch.testing.assert_close(predicted.pred_score.sum(), torch.tensor(1.0))
