"""Pyramids behind real backbones: SlowOnly, TSN's ResNet, TSM; all modes and views."""

import copy
import itertools

import pytest
import torch
from mmaction.models.recognizers import Recognizer2D
from mmaction.structures import ActionDataSample

from tpn_tsn_plugin.registry import MODELS

SEGMENTS = 4
CLASSES = 5
# MMAction2's 2D ResNets have no width option; with depth 18 they are small enough.
BACKBONES = {
    'slowonly': dict(
        type='ResNet3dSlowOnly',
        depth=18,
        base_channels=8,
        pretrained=None,
        lateral=False,
        conv1_kernel=(1, 7, 7),
        conv1_stride_t=1,
        pool1_stride_t=1,
        out_indices=(2, 3),
    ),
    'resnet': dict(type='ResNet', depth=18, pretrained=None, out_indices=(2, 3)),
    'tsm': dict(
        type='ResNetTSM',
        depth=18,
        pretrained=None,
        out_indices=(2, 3),
        num_segments=SEGMENTS,
    ),
}
BACKBONES['tsm']['shift_div'] = 8


def recognizer(kind, test_cfg=None, **changes):
    widths = (32, 64) if kind == 'slowonly' else (256, 512)
    model = dict(
        type='Recognizer3D' if kind == 'slowonly' else 'PyramidRecognizer2D',
        backbone=BACKBONES[kind],
        neck=dict(
            type='TemporalPyramidNeck',
            in_channels=widths,
            out_channels=16,
            temporal_rates=(2, 4),
            mid_channels=16,
            groups=4,
            aux_head=dict(num_classes=CLASSES),
        ),
        cls_head=dict(type='TemporalPyramidHead', num_classes=CLASSES, in_channels=16),
        test_cfg=test_cfg,
    )
    if kind == 'resnet':
        model['num_segments'] = SEGMENTS
    model.update(changes)
    return MODELS.build(copy.deepcopy(model))


def clips(kind, videos, views, side=32):
    if kind == 'slowonly':
        return torch.randn(videos, views, 3, SEGMENTS, side, side)
    return torch.randn(videos, views * SEGMENTS, 3, side, side)


def samples(videos):
    return [ActionDataSample().set_gt_label(i % CLASSES) for i in range(videos)]


def scores(model, inputs):
    model.eval()
    with torch.no_grad():
        results = model(inputs, samples(len(inputs)), mode='predict')
    return torch.stack([sample.pred_score for sample in results])


@pytest.mark.parametrize('kind', BACKBONES)
def test_loss_mode(kind):
    model = recognizer(kind).train()
    losses = model(clips(kind, 3, 1), samples(3), mode='loss')
    assert {'loss_cls', 'loss_aux_1', 'top1_acc', 'top5_acc'} == set(losses)
    total, log = model.parse_losses(losses)
    # Eq. 1: the auxiliary losses count beside the head's.
    torch.testing.assert_close(log['loss'], log['loss_cls'] + log['loss_aux_1'])
    total.backward()
    assert all(p.grad is not None for p in model.neck.parameters())


@pytest.mark.parametrize('kind', BACKBONES)
def test_tensor_mode(kind):
    model = recognizer(kind).eval()
    inputs = clips(kind, 2, 1)
    maps = model(inputs, mode='tensor')
    assert len(maps) == 2
    assert model(inputs, mode='tensor', stage='neck').shape[:3] == (2, 16, 1)
    assert model(inputs, mode='tensor', stage='head').shape == (2, CLASSES)


@pytest.mark.parametrize(
    ('kind', 'fcn_test', 'views'),
    list(itertools.product(BACKBONES, [False, True], [1, 3, 6, 10])),
)
def test_views_are_averaged_and_never_mixed(kind, fcn_test, views):
    """1 view, three-crop, three-crop times two clips, ten-crop."""
    model = recognizer(kind, dict(fcn_test=fcn_test))
    inputs = clips(kind, 2, views)
    together = scores(model, inputs)
    assert together.shape == (2, CLASSES)
    torch.testing.assert_close(together.sum(1), torch.ones(2))
    split = inputs.reshape(2, views, -1, *inputs.shape[2:])
    if kind == 'slowonly':
        split = inputs.unsqueeze(2)
    alone = [scores(model, split[:, v]) for v in range(views)]
    torch.testing.assert_close(together, torch.stack(alone).mean(0))


@pytest.mark.parametrize(
    ('kind', 'fcn_test'), list(itertools.product(BACKBONES, [False, True]))
)
def test_max_testing_views_changes_nothing_but_memory(kind, fcn_test):
    inputs = clips(kind, 1, 6)
    model = recognizer(kind, dict(fcn_test=fcn_test))
    limit = 4 if kind == 'slowonly' else 4 * SEGMENTS
    chunked = recognizer(kind, dict(fcn_test=fcn_test, max_testing_views=limit))
    chunked.load_state_dict(model.state_dict())
    calls = []
    chunked.neck.register_forward_hook(lambda *_: calls.append(1))
    torch.testing.assert_close(scores(chunked, inputs), scores(model, inputs))
    assert len(calls) == 2


def test_max_testing_views_with_several_videos():
    model = recognizer('tsm', dict(max_testing_views=2 * SEGMENTS))
    plain = recognizer('tsm')
    plain.load_state_dict(model.state_dict())
    inputs = clips('tsm', 3, 3)
    torch.testing.assert_close(scores(model, inputs), scores(plain, inputs))


def test_another_number_of_segments_at_test_time():
    model = recognizer('resnet', dict(num_segs=8))
    longer = recognizer('resnet', num_segments=8)
    longer.load_state_dict(model.state_dict())
    inputs = torch.randn(2, 3 * 8, 3, 32, 32)
    torch.testing.assert_close(scores(model, inputs), scores(longer, inputs))


def test_another_number_of_segments_is_for_testing_only():
    model = recognizer('resnet', dict(num_segs=8))
    seen = []
    model.neck.register_forward_pre_hook(lambda m, args: seen.append(args[0][0].shape))
    losses = model.train()(torch.randn(4, 8, 3, 32, 32), samples(8), mode='loss')
    assert losses['loss_cls'].isfinite()
    scores(model, torch.randn(4, 8, 3, 32, 32))
    assert [(shape[0], shape[2]) for shape in seen] == [(8, SEGMENTS), (4, 8)]


@pytest.mark.parametrize('fcn_test', [False, True])
def test_head_of_mmaction2_behind_the_recognizer(fcn_test):
    head = dict(
        type='TPNHead',
        num_classes=CLASSES,
        in_channels=16,
        spatial_type='avg',
        consensus=dict(type='AvgConsensus', dim=1),
        average_clips='prob',
    )
    model = recognizer('resnet', dict(fcn_test=fcn_test), cls_head=head)
    ours = recognizer('resnet')
    ours.load_state_dict(model.state_dict())
    losses = model.train()(clips('resnet', 2, 1), samples(2), mode='loss')
    assert losses['loss_cls'].isfinite()
    model.load_state_dict(ours.state_dict())
    inputs = clips('resnet', 2, 3)
    torch.testing.assert_close(scores(model, inputs), scores(ours, inputs))
    # This is what fcn_test does to that head; it must hear of it, and only then.
    assert (model.cls_head.new_cls is not None) == fcn_test


def test_later_validation_sees_todays_weights():
    model = recognizer('slowonly', dict(fcn_test=True))
    inputs = clips('slowonly', 1, 1)
    before = scores(model, inputs)
    with torch.no_grad():
        model.cls_head.fc_cls.weight.mul_(50)
    after = scores(model, inputs)
    assert (after - before).abs().max() > 0.01
    assert not [key for key in model.state_dict() if 'new_cls' in key]


def test_dense_testing_takes_maps_of_any_size():
    model = recognizer('slowonly', dict(fcn_test=True))
    for side in (32, 64, 40):
        assert scores(model, clips('slowonly', 1, 2, side)).shape == (1, CLASSES)


def test_multi_label_testing_uses_the_sigmoid():
    model = recognizer(
        'slowonly',
        cls_head=dict(
            type='TemporalPyramidHead',
            num_classes=CLASSES,
            in_channels=16,
            multi_class=True,
            loss_cls=dict(type='BCELossWithLogits'),
        ),
    )
    inputs = clips('slowonly', 2, 3)
    model.eval()
    with torch.no_grad():
        feats, _ = model.extract_feat(inputs, test_mode=True)
        expected = model.cls_head(feats).sigmoid().view(2, 3, -1).mean(1)
    torch.testing.assert_close(scores(model, inputs), expected)


# Plain Recognizer2D works wherever MMAction2's code lets it.
@pytest.mark.parametrize('fcn_test', [False, True])
def test_plain_recognizer2d_with_our_neck_and_head(fcn_test):
    test_cfg = dict(fcn_test=True) if fcn_test else None
    ours = recognizer('tsm', test_cfg)
    plain = recognizer('tsm', test_cfg, type='Recognizer2D')
    plain.load_state_dict(ours.state_dict())
    inputs = clips('tsm', 2, 3 if fcn_test else 1)
    torch.testing.assert_close(scores(plain, inputs), scores(ours, inputs))
    losses = plain.train()(clips('tsm', 2, 1), samples(2), mode='loss')
    assert losses['loss_aux_1'] > 0


@pytest.mark.parametrize(
    'cause',
    [
        'max_testing_views',
        'crops',
    ],
)
def test_faults_of_recognizer2d_still_stand(cause):
    """When this fails, MMAction2 was repaired: shorten PyramidRecognizer2D's reason."""
    if cause == 'max_testing_views':
        model = recognizer('tsm', dict(max_testing_views=SEGMENTS), type='Recognizer2D')
        with pytest.raises(AttributeError):
            scores(model, clips('tsm', 1, 2))
    else:
        model = recognizer('tsm', type='Recognizer2D')
        right = recognizer('tsm')
        right.load_state_dict(model.state_dict())
        inputs = clips('tsm', 1, 2)
        mixed = scores(model, inputs)
        assert not torch.allclose(mixed, scores(right, inputs))


@pytest.mark.parametrize(
    ('changes', 'message'),
    [
        (dict(backbone=BACKBONES['resnet']), 'num_segments is not known'),
        (dict(num_segments=8), 'must equal num_segments=4 of the backbone'),
        (dict(test_cfg=dict(num_segs=8)), 'num_segs=8 must equal num_segments=4'),
    ],
)
def test_wrong_options(changes, message):
    with pytest.raises(ValueError, match=message):
        recognizer('tsm', **changes)


@pytest.mark.parametrize('source', ['torchvision', 'timm'])
def test_backbones_without_stages_are_refused(source, monkeypatch):
    build = Recognizer2D.__init__

    def build_as_if_from_source(self, *args, **kwargs):
        build(self, *args, **kwargs)
        self.backbone_from = source

    monkeypatch.setattr(Recognizer2D, '__init__', build_as_if_from_source)
    with pytest.raises(ValueError, match=f'several stages.* got one from {source}'):
        recognizer('tsm')


def test_wrong_inputs():
    model = recognizer('tsm', dict(max_testing_views=6))
    with pytest.raises(ValueError, match='multiple of the 4 segments of a view, got'):
        model(torch.randn(1, 6, 3, 32, 32), samples(1), mode='loss')
    with pytest.raises(ValueError, match='counts frames and must be a multiple'):
        scores(model, clips('tsm', 1, 2))
