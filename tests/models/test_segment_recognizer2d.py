"""Testing many frames in passes gives what one pass gives."""

import re

import pytest
import torch
from mmaction.structures import ActionDataSample
from mmengine.registry import init_default_scope

from tpn_tsn_plugin.registry import MODELS

CLASSES = 4


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


def build(test_cfg=None, name='SegmentRecognizer2D', **options):
    backbone = dict(type='ResNet', depth=18, norm_eval=False)
    head = dict(type='SegmentConsensusHead', num_classes=CLASSES, in_channels=512)
    options = dict(backbone=backbone, cls_head=head, test_cfg=test_cfg) | options
    return MODELS.build(dict(type=name, **options)).eval()


def samples(number, **meta):
    return [ActionDataSample(metainfo=meta) for _ in range(number)]


@pytest.mark.parametrize('frames', [1, 4, 7, 100])
def test_passes_change_nothing(frames):
    whole, parted = build(name='Recognizer2D'), build(dict(max_testing_views=frames))
    parted.load_state_dict(whole.state_dict())
    inputs = torch.randn(2, 5, 3, 32, 32)
    expected = whole(inputs, samples(2), mode='predict')
    for video, other in zip(parted(inputs, samples(2), mode='predict'), expected):
        torch.testing.assert_close(video.pred_score, other.pred_score)
    for stage in ('backbone', 'neck', 'head'):
        maps, kwargs = parted.extract_feat(inputs, stage, test_mode=True)
        torch.testing.assert_close(
            maps, whole.extract_feat(inputs, stage, test_mode=True)[0]
        )
        assert kwargs['num_segs'] == 5


def test_the_backbone_sees_no_more_frames_than_allowed():
    model = build(dict(max_testing_views=4))
    seen = []
    model.backbone.register_forward_pre_hook(lambda _, x: seen.append(len(x[0])))
    model(torch.randn(1, 10, 3, 32, 32), samples(1), mode='predict')
    assert seen == [4, 4, 2]


def test_training_is_mmaction2s():
    model = build(dict(max_testing_views=1)).train()
    labelled = [sample.set_gt_label(1) for sample in samples(2)]
    losses = model(torch.randn(2, 3, 3, 32, 32), labelled, mode='loss')
    losses['loss_cls'].backward()
    assert all(p.grad is not None for p in model.parameters())


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (
            dict(test_cfg=dict(max_testing_views=0)),
            'max_testing_views must be a whole number from 1 on, got 0',
        ),
        (dict(neck=dict(type='TPN')), 'SegmentRecognizer2D takes no neck; with one'),
        (
            dict(
                backbone=dict(
                    type='ResNetTSM', depth=18, num_segments=8, pretrained2d=False
                ),
                test_cfg=dict(max_testing_views=12),
            ),
            'max_testing_views=12 must be a multiple of num_segments=8',
        ),
    ],
)
def test_wrong_options_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        build(**options)
