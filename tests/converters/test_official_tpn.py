"""A checkpoint of the TPN paper's code gives the scores that code computes."""

import pytest
import torch
from key_lists import official_neck, random_weights, resnet
from official_computation import scores_2d, scores_3d
from pyramid_options import CLASSES, FUSED, MID, neck_here, neck_of_mmaction2

from tpn_tsn_plugin.converters.conversion import convert
from tpn_tsn_plugin.converters.formats import recognise
from tpn_tsn_plugin.registry import MODELS

FRAMES = 8
SLOWONLY = dict(
    type='ResNet3dSlowOnly',
    depth=50,
    base_channels=8,
    out_indices=(2, 3),
    pretrained=None,
    lateral=False,
    conv1_kernel=(1, 7, 7),
    inflate=(0, 0, 1, 1),
    norm_eval=False,
)


def head(kind):
    return dict(type=kind, num_classes=CLASSES, in_channels=2048, average_clips='prob')


def model_3d(widths, rates, *, ours=True, flow='cascade', out_indices=(2, 3)):
    neck = (neck_here if ours else neck_of_mmaction2)(widths, rates, flow)
    return MODELS.build(
        dict(
            type='Recognizer3D',
            backbone=SLOWONLY | dict(out_indices=out_indices),
            neck=neck,
            cls_head=head('TemporalPyramidHead' if ours else 'TPNHead'),
        )
    ).eval()


def model_2d(backbone):
    return MODELS.build(
        dict(
            type='PyramidRecognizer2D',
            backbone=dict(
                type=backbone, depth=50, num_segments=FRAMES, out_indices=(0, 1)
            ),
            neck=neck_here((256, 512), (8, 8)),
            cls_head=head('TemporalPyramidHead'),
        )
    ).eval()


def checkpoint_3d(widths=(128, 256), aux='convs'):
    backbone = resnet(50, base=8, lengths=(1, 1, 3, 3))
    shapes = {f'backbone.{name}': shape for name, shape in backbone.items()}
    neck = official_neck(widths, mid=MID, fused=FUSED, classes=CLASSES, aux=aux)
    return random_weights(shapes | neck)


def checkpoint_2d():
    shapes = {f'backbone.{name}': shape for name, shape in resnet(50).items()}
    neck = official_neck((256, 512), mid=MID, fused=FUSED, classes=CLASSES)
    return random_weights(shapes | neck)


def brought_to(model, checkpoint):
    conversion = convert(checkpoint, model, recognise(checkpoint, 'a'), filename='a')
    assert conversion.source_format == 'official-tpn'
    return conversion


def assert_equal_scores(came, expected):
    # the weights spread the scores
    assert expected.std() > 0.05
    assert (came - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize('ours', [True, False], ids=['here', 'MMAction2'])
@pytest.mark.parametrize(
    ('out_indices', 'rates'),
    [((2, 3), (8, 8)), ((2, 3), (4, 8)), ((1, 2, 3), (2, 4, 8))],
    ids=['R50', 'R101', 'three-levels'],
)
def test_slowonly(out_indices, rates, ours):
    widths = tuple(32 * 2**i for i in out_indices)
    checkpoint = checkpoint_3d(widths)
    model = model_3d(widths, rates, ours=ours, out_indices=out_indices)
    conversion = brought_to(model, checkpoint)
    assert conversion.is_complete
    assert len(conversion.mapped) == len(checkpoint)
    model.load_state_dict(conversion.weights)
    clips = torch.randn(2, 3, FRAMES, 64, 64)
    with torch.no_grad():
        came = model(clips[:, None], stage='head', mode='tensor')
        expected = scores_3d(checkpoint, clips, rates, out_indices)
    assert_equal_scores(came, expected)


def test_tsm():
    checkpoint = checkpoint_2d()
    model = model_2d('ShiftedShortcutTSM')
    conversion = brought_to(model, checkpoint)
    assert conversion.is_complete
    model.load_state_dict(conversion.weights)
    frames = torch.randn(2, FRAMES, 3, 32, 32)
    with torch.no_grad():
        came = model.extract_feat(frames, stage='head')[0]
        expected = scores_2d(checkpoint, frames, (8, 8), (0, 1))
    assert_equal_scores(came, expected)


def test_shortcuts_that_are_not_shifted_are_told():
    conversion = brought_to(model_2d('ResNetTSM'), checkpoint_2d())
    assert not conversion.is_complete
    (difference,) = conversion.differences
    assert difference == (
        'only the checkpoint shifts features in time before '
        'layer1.0.downsample.0.weight, layer2.0.downsample.0.weight and 2 more (the '
        'backbone ShiftedShortcutTSM computes what the official code does: '
        'configs/tpn/tpn-tsm-official*)'
    )


@pytest.mark.parametrize('ours', [True, False], ids=['here', 'MMAction2'])
def test_parallel_model_is_told(ours):
    model = model_3d((128, 256), (8, 8), ours=ours, flow='parallel')
    conversion = brought_to(model, checkpoint_3d())
    assert not conversion.is_complete
    assert len(conversion.differences) == 1
    assert "'cascade'" in conversion.differences[0]
    assert "the model 'parallel'" in conversion.differences[0]
    faults = conversion.missing, conversion.unknown, conversion.misshapen
    assert not any(faults)


@pytest.mark.parametrize('aux', ['convs', 'convs.0'])
def test_auxiliary_head_of_both_revisions(aux):
    model = model_3d((128, 256), (8, 8))
    checkpoint = checkpoint_3d(aux=aux)
    conversion = brought_to(model, checkpoint)
    own = conversion.weights['neck.aux_heads.1.conv.conv.weight']
    assert torch.equal(own, checkpoint[f'necks.aux_head.{aux}.conv.weight'])
    fc = conversion.weights['neck.aux_heads.1.fc.weight']
    assert torch.equal(fc, checkpoint['necks.aux_head.fc.weight'])


def test_auxiliary_head_is_dropped_where_the_model_has_none():
    model = model_3d((128, 256), (8, 8))
    model.neck.aux_heads.clear()
    conversion = brought_to(model, checkpoint_3d())
    assert conversion.is_complete
    assert {key.split('.')[1] for key in conversion.dropped} == {'aux_head'}
    assert len(conversion.dropped) == 8


def test_what_a_checkpoint_does_not_tell_is_noted():
    conversion = brought_to(model_3d((128, 256), (4, 8)), checkpoint_3d())
    (note,) = conversion.notes
    assert note.endswith("information_flow='cascade', temporal_rates=(4, 8)")
