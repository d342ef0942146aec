"""Checkpoints of MMAction2's models give their scores here, and the other way round."""

import pytest
import torch
from pyramid_options import CLASSES, neck_of_mmaction2

from tpn_tsn_plugin.converters.conversion import convert
from tpn_tsn_plugin.converters.formats import recognise
from tpn_tsn_plugin.registry import MODELS

SEGMENTS = 4
TSN = dict(type='ResNet', depth=18)
TSM = dict(type='ResNetTSM', depth=18, num_segments=SEGMENTS)
SLOWONLY = dict(
    type='ResNet3dSlowOnly',
    depth=18,
    base_channels=8,
    pretrained=None,
    lateral=False,
    conv1_kernel=(1, 7, 7),
    inflate=(0, 0, 1, 1),
)


def build(recognizer, backbone, head, neck=None, **head_options):
    cfg = dict(
        type=recognizer,
        backbone=backbone,
        cls_head=dict(type=head, num_classes=CLASSES, **head_options),
    )
    return MODELS.build(cfg | ({'neck': neck} if neck else {})).eval()


def pyramid(recognizer, backbone, neck='TPN', head='TPNHead'):
    widths = (128, 256) if backbone['type'] != 'ResNet3dSlowOnly' else (32, 64)
    out_indices = (1, 2) if backbone['type'] != 'ResNet3dSlowOnly' else (2, 3)
    backbone = backbone | dict(out_indices=out_indices)
    options = neck_of_mmaction2(widths, (4, 4)) | dict(type=neck)
    return build(recognizer, backbone, head, options, in_channels=2048)


def randomised(model):
    for module in model.modules():
        if hasattr(module, 'running_var'):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.1)
            torch.nn.init.normal_(module.running_mean, std=0.1)
            torch.nn.init.uniform_(module.running_var, 0.5, 1.5)
    return model


def brought_to(model, state):
    conversion = convert(state, model, recognise(state, 'a'), filename='a')
    assert conversion.source_format == 'mmaction2'
    return conversion


def scores(model, inputs):
    with torch.no_grad():
        return model(inputs, stage='head', mode='tensor')


TSN_HEAD = dict(in_channels=512, average_clips='prob')
FRAMES, CLIPS = (2, SEGMENTS, 3, 32, 32), (2, 1, 3, 4, 32, 32)


@pytest.mark.parametrize(
    ('theirs', 'ours', 'shape'),
    [
        (
            lambda: pyramid('Recognizer3D', SLOWONLY),
            lambda: pyramid(
                'Recognizer3D', SLOWONLY, 'TemporalPyramidNeck', 'TemporalPyramidHead'
            ),
            CLIPS,
        ),
        (
            lambda: pyramid('Recognizer2D', TSM),
            lambda: pyramid(
                'PyramidRecognizer2D', TSM, 'TemporalPyramidNeck', 'TemporalPyramidHead'
            ),
            FRAMES,
        ),
        (
            lambda: build('Recognizer2D', TSN, 'TSNHead', **TSN_HEAD),
            lambda: build(
                'SegmentRecognizer2D', TSN, 'SegmentConsensusHead', **TSN_HEAD
            ),
            FRAMES,
        ),
        (
            lambda: build('Recognizer2D', TSM, 'TSMHead', num_segments=4, **TSN_HEAD),
            lambda: build(
                'SegmentRecognizer2D', TSM, 'SegmentConsensusHead', **TSN_HEAD
            ),
            FRAMES,
        ),
    ],
    ids=['TPN-SlowOnly', 'TPN-TSM', 'TSN', 'TSM'],
)
def test_scores_are_mmaction2s(theirs, ours, shape):
    theirs, ours = randomised(theirs()), ours()
    state = theirs.state_dict()
    conversion = brought_to(ours, {f'module.{name}': w for name, w in state.items()})
    assert conversion.is_complete
    assert len(conversion.mapped) == len(state)
    ours.load_state_dict(conversion.weights)
    inputs = torch.randn(shape)
    expected, came = scores(theirs, inputs), scores(ours, inputs)
    assert (came - expected).abs().max() <= 1e-5 * expected.abs().max()
    # and back
    back = brought_to(theirs, ours.state_dict())
    assert back.is_complete
    for name, value in state.items():
        assert torch.equal(back.weights[name], value), name


def test_copy_of_the_classifier_is_dropped():
    model = pyramid('Recognizer3D', SLOWONLY)
    with torch.no_grad():
        model.cls_head(torch.zeros(1, 2048, 1, 1, 1), fcn_test=True)
    state = model.state_dict()
    assert 'cls_head.new_cls.weight' in state
    conversion = brought_to(pyramid('Recognizer3D', SLOWONLY), state)
    assert conversion.is_complete
    assert list(conversion.dropped) == [
        'cls_head.new_cls.weight',
        'cls_head.new_cls.bias',
    ]


@pytest.mark.parametrize(
    ('source', 'target', 'who'), [(TSN, TSM, 'model'), (TSM, TSN, 'checkpoint')]
)
def test_shapes_of_tsn_and_tsm_agree_but_not_what_they_compute(source, target, who):
    state = build('Recognizer2D', source, 'TSNHead', **TSN_HEAD).state_dict()
    model = build('Recognizer2D', target, 'TSNHead', **TSN_HEAD)
    conversion = brought_to(model, state)
    assert len(conversion.mapped) == len(state)
    assert not conversion.is_complete
    (difference,) = conversion.differences
    assert difference == (
        f'only the {who} shifts features in time before layer1.0.conv1.weight, '
        'layer1.1.conv1.weight and 6 more'
    )


def test_place_of_the_shift_is_compared():
    state = build('Recognizer2D', TSM, 'TSNHead', **TSN_HEAD).state_dict()
    block = build(
        'Recognizer2D', TSM | dict(shift_place='block'), 'TSNHead', **TSN_HEAD
    )
    assert brought_to(block, block.state_dict()).is_complete
    assert 'only the model shifts' in brought_to(block, state).differences[0]
