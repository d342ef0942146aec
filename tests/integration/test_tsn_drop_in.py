"""A user's MMAction2 TSN config and checkpoint, with one line of the config changed."""

import copy
from pathlib import Path

import mmaction
import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.runner import load_checkpoint, save_checkpoint
from torch import nn

from tpn_tsn_plugin.registry import MODELS

SHIPPED = Path(mmaction.__file__).parent / '.mim/configs/recognition/tsn'
CONFIGS = sorted(path.relative_to(SHIPPED) for path in SHIPPED.rglob('*.py'))
RGB = 'tsn_imagenet-pretrained-r50_8xb32-1x1x8-100e_kinetics400-rgb.py'
OPTICAL_FLOW = 'tsn_imagenet-pretrained-r50_8xb32_5x1x3-110e_kinetics400-flow.py'
CHANNELS = {RGB: 3, OPTICAL_FLOW: 10}
# The test pipelines take 10 crops of 25 segments, 224 x 224.
CROPS, SEGMENTS, SIZE = 2, 3, 64
VIDEOS = 2
CLASSES = 400

HEAD_KEYS = {'cls_head.fc_cls.weight', 'cls_head.fc_cls.bias'}
# Some of the names in the checkpoints that MMAction2 has released.
BACKBONE_KEYS = {
    'backbone.conv1.conv.weight',
    'backbone.conv1.bn.running_mean',
    'backbone.layer1.0.downsample.conv.weight',
    'backbone.layer4.2.conv3.bn.num_batches_tracked',
}


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


def build(path):
    config = Config.fromfile(path)
    config.model.backbone.pretrained = None
    return MODELS.build(config.model)


def users_config(folder, shipped):
    """What a user writes: the import and one line."""
    path = folder / 'mine.py'
    path.write_text(
        f'_base_ = {str(SHIPPED / shipped)!r}\n'
        "custom_imports = dict(imports=['tpn_tsn_plugin'])\n"
        "model = dict(cls_head=dict(type='SegmentConsensusHead'))\n"
    )
    return path


def batch(shipped, frames=CROPS * SEGMENTS, **metainfo):
    """Videos as a data loader gives them; their crops differ in brightness."""
    generator = torch.Generator().manual_seed(1)
    shape = (VIDEOS, frames, CHANNELS[shipped], SIZE, SIZE)
    videos = torch.randint(128, shape, generator=generator, dtype=torch.uint8)
    videos[:, SEGMENTS:] += 128
    samples = [ActionDataSample(metainfo=metainfo).set_gt_label(7) for _ in videos]
    return dict(inputs=list(videos), data_samples=samples)


@pytest.fixture(scope='module', params=[RGB, OPTICAL_FLOW], ids=['rgb', 'optical-flow'])
def models(request, tmp_path_factory):
    """The config's name, MMAction2's model, and ours with its checkpoint."""
    init_default_scope('mmaction')
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp('checkpoint')
    theirs = build(SHIPPED / request.param)
    theirs.init_weights()
    nn.init.normal_(theirs.cls_head.fc_cls.weight, std=0.1)
    nn.init.normal_(theirs.cls_head.fc_cls.bias, std=0.1)
    for module in theirs.modules():
        if isinstance(module, nn.BatchNorm2d):
            # so that one batch gives statistics as of a trained model
            module.momentum = None
    with torch.no_grad():
        data = theirs.data_preprocessor(batch(request.param))
        theirs.train()(**data, mode='loss')

    ours = build(users_config(folder, request.param))
    checkpoint = folder / 'mmaction2.pth'
    save_checkpoint({'meta': {}, 'state_dict': theirs.state_dict()}, str(checkpoint))
    load_checkpoint(ours, str(checkpoint), 'cpu', strict=True)
    checkpoint.unlink()
    # rounding is left out of the comparison
    return request.param, theirs.double(), ours.double()


@torch.no_grad()
def predict(model, data, average_clips):
    """Scores of the videos, (N, classes)."""
    model.eval().cls_head.average_clips = average_clips
    videos = model.test_step(data)
    return torch.stack([video.pred_score for video in videos])


def assert_same(ours, theirs):
    """Equal to 1e-6, and not because all values are small."""
    assert theirs.shape == (VIDEOS, CLASSES)
    assert theirs.std(dim=1).min() > 1e-3
    torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-6)


def test_names_of_weights_are_mmaction2s(models):
    _, theirs, ours = models
    shapes, expected = (
        {name: value.shape for name, value in model.state_dict().items()}
        for model in (ours, theirs)
    )
    assert type(ours.cls_head).__name__ == 'SegmentConsensusHead'
    assert shapes == expected
    assert {name for name in shapes if name.startswith('cls_head.')} == HEAD_KEYS
    assert shapes.keys() >= BACKBONE_KEYS


@pytest.mark.parametrize('average_clips', ['prob', 'score'])
def test_shipped_pipelines_give_the_same_predictions(models, average_clips):
    """They do not pack ``num_clips``: all frames count alike, as in ``TSNHead``."""
    shipped, theirs, ours = models
    data = batch(shipped)
    assert_same(
        predict(ours, data, average_clips), predict(theirs, data, average_clips)
    )


def test_scores_stay_where_segments_are_told_from_crops(models):
    shipped, theirs, ours = models
    assert_same(
        predict(ours, batch(shipped, num_clips=SEGMENTS), 'score'),
        predict(theirs, batch(shipped), 'score'),
    )


def test_probabilities_are_averaged_over_crops(models):
    """The one difference: with ``num_clips`` each crop has probabilities of its own.

    ``TSNHead`` averages the scores of all frames and takes the softmax of that; with
    one crop at a time, ours are the mean of its predictions.
    """
    shipped, theirs, ours = models
    data = batch(shipped)
    together = predict(theirs, data, 'prob')
    crops = []
    for start in range(0, CROPS * SEGMENTS, SEGMENTS):
        crop = [video[start : start + SEGMENTS] for video in data['inputs']]
        crops.append(predict(theirs, {**data, 'inputs': crop}, 'prob'))
    averaged = torch.stack(crops).mean(dim=0)

    told = predict(ours, batch(shipped, num_clips=SEGMENTS), 'prob')
    assert_same(told, averaged)
    assert (averaged - together).abs().max() > 1e-3


def test_training_takes_the_same_first_step(models):
    """Without dropout, which ours applies to segments and theirs to their mean."""
    shipped, *both = models
    losses, gradients = [], []
    for model in both:
        before = copy.deepcopy(model.state_dict())
        model.train().cls_head.dropout.p = 0
        data = model.data_preprocessor(batch(shipped, SEGMENTS), training=True)
        losses.append(model(**data, mode='loss'))
        weights = model.backbone.conv1.conv.weight, model.cls_head.fc_cls.weight
        gradients.append(torch.autograd.grad(losses[-1]['loss_cls'], weights))
        # other tests want the statistics as they were
        model.load_state_dict(before)
    assert losses[0].keys() == losses[1].keys() >= {'loss_cls', 'top1_acc', 'top5_acc'}
    torch.testing.assert_close(*losses, rtol=0, atol=1e-6)
    assert all(gradient.abs().max() > 1e-3 for gradient in gradients[0])
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize('shipped', CONFIGS, ids=str)
def test_every_shipped_head_builds_with_its_options(shipped):
    options = Config.fromfile(SHIPPED / shipped).model.cls_head
    assert options.type == 'TSNHead'
    shapes = []
    for head_type in ('TSNHead', 'SegmentConsensusHead'):
        head = MODELS.build({**options, 'type': head_type})
        shapes.append({name: value.shape for name, value in head.state_dict().items()})
    assert shapes[0] == shapes[1]
