"""Two streams: what is fused where, who learns, and what is refused."""

import copy
import re

import pytest
import torch
from two_streams import (
    CHANNELS,
    CLASSES,
    FIELDS,
    WIDTHS,
    backbone,
    build,
    head,
    inputs,
    samples,
    scores,
    volumes,
)

from tpn_tsn_plugin.registry import MODELS

FUSIONS = {
    'none': [],
    'sum': [dict(type='SumFusion', stage=3)],
    'max-kept': [dict(type='MaxFusion', stage='layer2', keep=True)],
    'concat': [dict(type='ConcatFusion', stage=3)],
    'conv-temporal': [
        dict(type='ConvFusion', stage=2, in_channels=WIDTHS[2], into='temporal')
    ],
    'bilinear': [dict(type='BilinearFusion', stage=3)],
    'several': [
        dict(type='SumFusion', stage='stem', keep=True),
        dict(type='ConvFusion', stage=1, in_channels=WIDTHS[1], keep=True),
        dict(type='SumFusion', stage=3),
    ],
    'both-ways': [
        dict(type='SumFusion', stage=0, into='temporal', keep=True),
        dict(type='SumFusion', stage=2, into='spatial', keep=True),
    ],
    'exchange': [
        dict(type='SumFusion', stage=1, into='temporal', keep=True),
        dict(type='MaxFusion', stage=1, into='spatial', keep=True),
    ],
}
WIDTH = {'concat': 2 * CHANNELS, 'bilinear': CHANNELS**2}


def network(name, **options):
    wide = head(in_channels=WIDTH.get(name, CHANNELS))
    return build(*FUSIONS[name], **{'cls_head': wide} | options)


def stages_of(resnet):
    stem = torch.nn.Sequential(resnet.conv1, resnet.maxpool)
    return [stem, *(resnet.get_submodule(f'layer{i}') for i in range(1, 5))]


@pytest.mark.parametrize('name', FUSIONS)
def test_trains_every_parameter_and_predicts(name):
    model = network(name)
    losses = model(inputs(), samples(), mode='loss')
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    idle = [n for n, p in model.named_parameters() if p.grad is None]
    assert not idle
    found = scores(model.eval(), inputs())
    assert found.shape == (2, CLASSES)
    torch.testing.assert_close(found.sum(dim=1), torch.ones(2))


def test_fused_map_by_hand():
    """Sum into the temporal stream after stage 1, spatial stream cut."""
    model = build(dict(type='SumFusion', stage=1, into='temporal')).eval()
    batch = inputs()
    with torch.no_grad():
        x, y = batch['imgs'].flatten(0, 1), batch['flow_imgs'].flatten(0, 1)
        for stage in stages_of(model.spatial_backbone)[:3]:
            x = stage(x)
        first, second = (
            stages_of(model.temporal_backbone)[:3],
            stages_of(model.temporal_backbone)[3:],
        )
        for stage in first:
            y = stage(y)
        y = x + y
        for stage in second:
            y = stage(y)
        expected = model.cls_head.fc_cls(y.mean(dim=(2, 3)).view(2, 3, -1)).mean(dim=1)
    torch.testing.assert_close(scores(model, batch), expected.softmax(dim=1))


def test_an_exchange_gives_each_stream_what_the_other_brought():
    model = build(
        dict(type='SumFusion', stage=1, into='temporal', keep=True),
        dict(type='SumFusion', stage=1, into='spatial', keep=True),
    ).eval()
    with torch.no_grad():
        both = [model.extract_feat(inputs(), f'fusion.{i}')[0] for i in range(2)]
    assert torch.equal(*both)


def test_streams_are_fused_in_both_directions():
    """What the temporal stream gives back later holds what it was given before."""
    model = network('both-ways').eval()
    batch = inputs()
    with torch.no_grad():
        before = model.extract_feat(batch, 'fusion.1')[0]
        changed = dict(batch, imgs=batch['imgs'] + 1)
        after = model.extract_feat(changed, 'temporal.layer3')[0]
        same = model.extract_feat(batch, 'temporal.layer3')[0]
    assert not torch.equal(after, same)
    spatial = model.extract_feat(batch, 'spatial.layer3')[0]
    torch.testing.assert_close(before, spatial + same)


def test_late_fusion_averages_the_single_streams():
    model = build(seed=3)
    streams = []
    for prefix, name in (('spatial', 'cls_head'), ('temporal', 'temporal_head')):
        channels = 3 if prefix == 'spatial' else 2 * FIELDS
        single = MODELS.build(
            dict(
                type='Recognizer2D',
                backbone=backbone(channels),
                cls_head=head('SegmentConsensusHead', average_clips='prob'),
            )
        ).eval()
        single.backbone.load_state_dict(
            model.get_submodule(f'{prefix}_backbone').state_dict()
        )
        single.cls_head.load_state_dict(
            model.get_submodule(name).state_dict(), strict=False
        )
        streams.append(single)
    batch = inputs()
    found = scores(model.eval(), batch)
    with torch.no_grad():
        expected = [
            torch.stack(
                [s.pred_score for s in single(batch[key], samples(), mode='predict')]
            )
            for single, key in zip(streams, ('imgs', 'flow_imgs'))
        ]
    assert torch.equal(found, (expected[0] + expected[1]) / 2)
    model.head_weights = (1.0, 1.5)
    torch.testing.assert_close(
        scores(model, batch), (expected[0] + 1.5 * expected[1]) / 2.5
    )


def test_losses_of_both_heads_are_trained():
    losses = network('max-kept')(inputs(), samples(), mode='loss')
    assert {'loss_cls', 'top1_acc', 'temporal_loss_cls', 'temporal_top1_acc'} <= set(
        losses
    )


def test_a_cut_stream_loses_what_it_no_longer_needs():
    whole, cut = network('max-kept'), build(dict(FUSIONS['max-kept'][0], keep=False))
    names = {n for n, _ in cut.named_parameters() if n.startswith('temporal')}
    assert names
    assert not any('layer3' in name or 'layer4' in name for name in names)
    assert any('layer2' in name for name in names)
    count = [sum(p.numel() for p in m.parameters()) for m in (whole, cut)]
    assert count[1] < count[0]


@pytest.mark.parametrize('name', FUSIONS)
@pytest.mark.parametrize('views', [1, 4, 100])
def test_passes_of_some_frames_change_nothing(name, views):
    model = network(name).eval()
    expected = scores(model, inputs())
    model.views_per_pass = views
    torch.testing.assert_close(scores(model, inputs()), expected)


def test_a_copy_runs_its_own_weights():
    model = network('several').eval()
    other = copy.deepcopy(model)
    for parameter in other.parameters():
        torch.nn.init.zeros_(parameter)
    torch.testing.assert_close(scores(other, inputs()), torch.full((2, 4), 0.25))


@pytest.mark.parametrize(
    'pool', ['TemporalPool2d', 'TemporalPool3d', 'TemporalConvPool3d']
)
def test_temporal_pooling_of_views(pool):
    """Two crops of three frames: each view is pooled for itself, scores averaged."""
    options = dict(channels=CHANNELS) if 'Conv' in pool else {}
    pooling = dict(type=pool, **options)
    model = build(*FUSIONS['sum'], temporal_pooling=pooling).eval()
    # Frames of 64 pixels leave maps of two positions a side.
    one, two = inputs(size=64, seed=1), inputs(size=64, seed=2)
    both = {key: torch.cat([one[key], two[key]], dim=1) for key in one}
    expected = (scores(model, one, num_clips=3) + scores(model, two, num_clips=3)) / 2
    torch.testing.assert_close(scores(model, both, num_clips=3), expected)
    model.test_segments = 3
    torch.testing.assert_close(scores(model, both), expected)


def test_each_stream_has_its_own_pooling():
    model = build(
        temporal_pooling=dict(type='TemporalPool3d'),
        temporal_head_pooling=dict(type='TemporalPool2d'),
    )
    feats, _ = model.extract_feat(inputs(size=64), 'neck')
    assert feats['spatial'].shape[2:] == (2, 1, 1)
    assert feats['temporal'].shape[2:] == (3, 1, 1)


def test_3d_backbones():
    streams = dict(
        spatial_backbone=backbone(3, 'ResNet3dSlowOnly', depth=50),
        temporal_backbone=backbone(2, 'ResNet3dSlowOnly', depth=50),
    )
    model = build(
        dict(type='ConvFusion', stage=2, in_channels=4 * WIDTHS[2]),
        cls_head=head(in_channels=4 * CHANNELS),
        **streams,
    )
    losses = model(volumes(), samples(), mode='loss')
    losses['loss_cls'].backward()
    assert scores(model.eval(), volumes(views=2)).shape == (2, CLASSES)


def test_streams_may_differ():
    model = build(
        dict(
            type='ConvFusion',
            stage=dict(spatial='relu5', temporal='inception_4d'),
            in_channels=(512, 608),
            into='temporal',
            keep=True,
        ),
        cls_head=head(in_channels=512),
        spatial_backbone=dict(type='VGG', depth=11, before_pool=True),
        temporal_backbone=dict(type='BNInception', in_channels=2 * FIELDS),
        temporal_head=head(in_channels=1024),
    )
    losses = model(inputs(size=64), samples(), mode='loss')
    assert torch.isfinite(losses['temporal_loss_cls'])


@pytest.mark.parametrize('stage', ['backbone', 'neck', 'head'])
def test_features_of_the_usual_stages(stage):
    model = network('max-kept').eval()
    feats, _ = model.extract_feat(inputs(), stage)
    wanted = (2, CLASSES) if stage == 'head' else (6, CHANNELS, 1, 1)
    assert {k: tuple(v.shape) for k, v in feats.items()} == {
        'spatial': wanted,
        'temporal': wanted,
    }
    spatial, temporal = model(inputs(), stage=stage)
    assert torch.equal(spatial, feats['spatial'])
    assert torch.equal(temporal, feats['temporal'])


def test_features_of_every_stage():
    model = network('several').eval()
    sizes = {
        'spatial.stem': WIDTHS[0],
        'temporal.layer1': WIDTHS[0],
        'fusion.1': WIDTHS[1],
        'spatial.layer3': WIDTHS[2],
        'temporal.layer4': WIDTHS[3],
    }
    for stage, channels in sizes.items():
        assert model.extract_feat(inputs(), stage)[0].shape[:2] == (6, channels)
    with pytest.raises(ValueError, match=r"stage must be one of.*'fusion\.2'.*got 'x'"):
        model.extract_feat(inputs(), 'x')


def test_mixed_precision():
    model = network('bilinear')
    with torch.autocast('cpu', dtype=torch.bfloat16):
        losses = model(inputs(), samples(), mode='loss')
    losses['loss_cls'].backward()
    assert torch.isfinite(losses['loss_cls'])


WRONG = {
    'unknown stage': (
        [dict(type='SumFusion', stage='layer7')],
        {},
        r'stage of stream_fusion\[0\] must be a stage of the spatial stream, one of '
        r"\['stem', .*\] or of the numbers \[0, 1, 2, 3\], got 'layer7'",
    ),
    'no stage': ([dict(type='SumFusion')], {}, r'stream_fusion\[0\] lacks stage'),
    'half a stage': (
        [dict(type='SumFusion', stage=dict(spatial=1))],
        {},
        r'dict\(spatial=\.\.\., temporal=\.\.\.\)',
    ),
    'unknown stream': (
        [dict(type='SumFusion', stage=1, into='motion')],
        {},
        r"into of stream_fusion\[0\] must be one of .*'motion'",
    ),
    'wrong keep': (
        [dict(type='SumFusion', stage=1, keep='yes')],
        {},
        r"keep of stream_fusion\[0\].*'yes'",
    ),
    'after the cut': (
        [dict(type='SumFusion', stage=1), dict(type='SumFusion', stage=2)],
        {},
        r'stream_fusion\[0\] cuts the temporal stream.*keep=True',
    ),
    'wrong order': (
        [
            dict(type='SumFusion', stage=2, keep=True),
            dict(type='SumFusion', stage=1),
        ],
        {},
        r'stream_fusion\[1\] comes before stream_fusion\[0\]',
    ),
    'twice': (
        [
            dict(type='SumFusion', stage=2, keep=True),
            dict(type='MaxFusion', stage=2, keep=True),
        ],
        {},
        r'\[0\] and stream_fusion\[1\] fuse into the spatial stream at the same',
    ),
    'wide in the middle': (
        [dict(type='ConcatFusion', stage=2)],
        {},
        r"ConcatFusion of stream_fusion\[0\].*'layer4'.*ConvFusion",
    ),
    'narrow in the middle': (
        [dict(type='ConvFusion', stage='layer2', in_channels=128, out_channels=64)],
        {},
        r'ConvFusion of stream_fusion\[0\].*as many out_channels as that stream',
    ),
    'no list': (
        [],
        dict(stream_fusion=dict(type='SumFusion', stage=2)),
        r'stream_fusion must be a list of dicts, got \{.*write \[dict\(',
    ),
    'unknown option': (
        [dict(type='SumFusion', stage=2, kep=True)],
        {},
        r"stream_fusion\[0\]: .*'kep'.*help\(SumFusion\), beside them are stage",
    ),
    'no channels': (
        [dict(type='ConvFusion', stage=2)],
        {},
        r"stream_fusion\[0\]: .*'in_channels'",
    ),
    'a flag as a stage': ([dict(type='SumFusion', stage=True)], {}, 'got True'),
    'no second head': ([], dict(temporal_head=None), 'needs temporal_head'),
    'head of a cut stream': (
        [dict(type='SumFusion', stage=2)],
        dict(temporal_head=head()),
        'only the spatial stream is left.*keep=True',
    ),
    'different classes': (
        [],
        dict(temporal_head=head(num_classes=7)),
        r'cls_head\.num_classes=4 and temporal_head\.num_classes=7 must be equal',
    ),
    'pooling of a cut stream': (
        [dict(type='SumFusion', stage=2)],
        dict(temporal_head_pooling=dict(type='TemporalPool3d')),
        'there is none',
    ),
    'weights': ([], dict(head_weights=(0, 0)), r'head_weights.*\(0, 0\)'),
    'segments': ([], dict(test_segments=0), 'test_segments.*0'),
    'views': ([], dict(test_cfg=dict(max_testing_views=0)), 'max_testing_views.*0'),
    'several maps': (
        [],
        dict(spatial_backbone=backbone(out_indices=(2, 3))),
        'out_indices of ResNet must name one stage',
    ),
}


@pytest.mark.parametrize('case', WRONG)
def test_wrong_configs(case):
    fusions, options, message = WRONG[case]
    with pytest.raises(ValueError, match=message) as error:
        build(*fusions, **options)
    assert '\n' not in str(error.value)


WRONG_INPUTS = {
    'different samples': (
        lambda x: dict(x, flow_imgs=x['flow_imgs'][:1]),
        r'same samples, got imgs \(2, 3,.*flow_imgs \(1, 3',
    ),
    'different frames': (
        lambda x: dict(x, flow_imgs=x['flow_imgs'][:, :2]),
        r'same samples, got imgs \(2, 3,.*flow_imgs \(2, 2',
    ),
    'RGB as optical flow': (
        lambda x: dict(x, flow_imgs=x['imgs']),
        r'flow_imgs must be \(N, V·K, 10, H, W\).*in_channels=10 of temporal_backbone.*'
        r'2L for stacks of L fields',
    ),
    'no optical flow': (
        lambda x: dict(imgs=x['imgs']),
        r"inputs \['imgs', 'flow_imgs'\], got \['imgs'\]",
    ),
    'one tensor': (lambda x: x['imgs'], 'got one tensor'),
}


@pytest.mark.parametrize('case', WRONG_INPUTS)
def test_wrong_inputs(case):
    change, message = WRONG_INPUTS[case]
    with pytest.raises(ValueError, match=message) as error:
        network('sum')(change(inputs()), samples(), mode='loss')
    assert '\n' not in str(error.value)


def test_maps_of_different_size_at_a_fusion():
    model = build(dict(type='SumFusion', stage=dict(spatial=2, temporal=3)))
    message = re.escape(
        'stream_fusion[0] after spatial.layer3 and temporal.layer4: stream fusion '
        'needs maps of one shape, got (6, 256, 2, 2) of the spatial and (6, 512, 1, 1)'
    )
    with pytest.raises(ValueError, match=message):
        model(inputs(), samples(), mode='loss')


def test_channels_that_a_convolution_does_not_have():
    model = build(dict(type='ConvFusion', stage=3, in_channels=100))
    message = re.escape(
        'in_channels=(100, 100), got maps of 512 and 512 channels; set in_channels='
    )
    with pytest.raises(ValueError, match=message):
        model(inputs(), samples(), mode='loss')


def test_several_clips_of_a_video_have_one_label():
    slow = dict(name='ResNet3dSlowOnly', pretrained=None, conv1_kernel=(1, 7, 7))
    model = build(
        dict(type='SumFusion', stage=3),
        spatial_backbone=backbone(3, **slow),
        temporal_backbone=backbone(2, **slow),
    )
    assert model(volumes(), samples(), mode='loss')['loss_cls'] > 0
    with pytest.raises(ValueError, match=r'one clip a video, got imgs \(2, 2, 3, 4'):
        model(volumes(views=2), samples(), mode='loss')


def test_pooling_that_does_not_know_its_frames():
    model = build(*FUSIONS['sum'], temporal_pooling=dict(type='TemporalPool3d')).eval()
    with pytest.raises(
        ValueError, match=r'which of 3 frames.*num_clips.*test_segments'
    ):
        scores(model, inputs())
    with pytest.raises(ValueError, match='3 frames are no whole number of views of 2'):
        scores(model, inputs(), num_clips=2)


def test_shifting_backbones_are_not_torn_apart():
    shifting = dict(depth=50, num_segments=3, pretrained2d=False)
    model = build(
        spatial_backbone=backbone(3, 'ResNetTSM', **shifting),
        cls_head=head(in_channels=4 * CHANNELS),
        test_cfg=dict(max_testing_views=4),
    ).eval()
    with pytest.raises(
        ValueError, match=r'max_testing_views=4.*num_segments=3 of spatial'
    ):
        scores(model, inputs())
