"""The TPN authors' shift against the formula, and against MMAction2's TSM."""

import pytest
import torch
import torch.nn.functional as F

from tpn_tsn_plugin.registry import MODELS

SEGMENTS = 4


def build(kind='ShiftedShortcutTSM', depth=18, **options):
    torch.manual_seed(0)
    options = dict(dict(num_segments=SEGMENTS, pretrained=None), **options)
    model = MODELS.build(dict(type=kind, depth=depth, **options))
    model.eval()
    return model


def frames(videos=2):
    return torch.randn(videos * SEGMENTS, 3, 32, 32)


def with_weights_of(model, other):
    """The same weights; only names in shortcuts differ."""
    weights = other.state_dict()
    own = {
        name: weights[name.replace('downsample.conv.net.', 'downsample.conv.')]
        for name in model.state_dict()
    }
    model.load_state_dict(own)
    return model


def shift(x, div=8):
    """A part of the channels comes from the next frame, a part from the last one."""
    x = x.unflatten(0, (-1, SEGMENTS))
    fold = x.shape[2] // div
    out = x.clone()
    out[:, :, : 2 * fold] = 0
    out[:, :-1, :fold] = x[:, 1:, :fold]
    out[:, 1:, fold : 2 * fold] = x[:, :-1, fold : 2 * fold]
    return out.flatten(0, 1)


def norm(layer, x):
    bn = layer.norm
    # fmt: off
    return F.batch_norm(
        x, bn.running_mean, bn.running_var, bn.weight, bn.bias, False, 0, bn.eps
    )
    # fmt: on


@pytest.mark.parametrize('div', [4, 8])
def test_first_block_of_a_stage(div):
    block = build(shift_div=div).layer2[0]
    x = torch.randn(2 * SEGMENTS, 64, 8, 8)
    moved = shift(x, div)
    first, second, shortcut = block.conv1, block.conv2, block.downsample
    out = norm(first, F.conv2d(moved, first.conv.net.weight, None, 2, 1)).relu()
    out = norm(second, F.conv2d(out, second.conv.weight, None, 1, 1))
    own = norm(shortcut, F.conv2d(moved, shortcut.conv.net.weight, None, 2))
    with torch.no_grad():
        torch.testing.assert_close(block(x), (out + own).relu())


@pytest.mark.parametrize(('depth', 'shortcuts'), [(18, 3), (50, 4)])
def test_shortcuts_with_a_convolution_are_shifted(depth, shortcuts):
    names = [name for name in build(depth=depth).state_dict() if '.net.' in name]
    assert len([name for name in names if 'downsample' in name]) == shortcuts
    theirs = build('ResNetTSM', depth).state_dict()
    firsts = [name for name in theirs if '.net.' in name]
    assert [name for name in names if 'downsample' not in name] == firsts


def test_without_shortcuts_that_convolve_it_is_mmaction2s():
    """The first stage of a ResNet-18 adds features as they came."""
    ours = build(out_indices=(0,))
    theirs = build('ResNetTSM', out_indices=(0,))
    x = frames()
    with torch.no_grad():
        assert torch.equal(with_weights_of(ours, theirs)(x), theirs(x))


def test_a_shift_of_nothing_is_mmaction2s():
    """No stage has so many channels that a part of them is one."""
    ours = build(shift_div=4096)
    theirs = build('ResNetTSM', shift_div=4096)
    x = frames()
    with torch.no_grad():
        assert torch.equal(with_weights_of(ours, theirs)(x), theirs(x))


def test_elsewhere_it_differs():
    ours, theirs = build(), build('ResNetTSM')
    x = frames()
    with torch.no_grad():
        assert (with_weights_of(ours, theirs)(x) - theirs(x)).abs().max() > 1e-2


def test_without_shift_names_are_mmaction2s():
    ours = build(is_shift=False).state_dict()
    assert ours.keys() == build('ResNetTSM', is_shift=False).state_dict().keys()


def test_after_temporal_pooling_half_as_many_segments_are_shifted():
    model = build(temporal_pool=True, depth=50)
    assert model.layer3[0].downsample.conv.num_segments == SEGMENTS // 2
    assert model.layer1[0].downsample.conv.num_segments == SEGMENTS
    assert model(frames()).shape == (SEGMENTS, 2048, 1, 1)


def test_gradient_reaches_shortcuts_and_neighbouring_frames():
    model = build()
    x = frames(1).requires_grad_()
    model(x)[1].square().sum().backward()
    assert model.layer2[0].downsample.conv.net.weight.grad.abs().max() > 0
    # through all blocks even the first frame counts for the second
    assert (x.grad.abs().amax(dim=(1, 2, 3)) > 0).all()


def test_imagenet_weights_reach_the_shortcuts(tmp_path):
    """Torchvision's names, as MMAction2 loads them into its own TSM."""
    kernel = torch.randn(128, 64, 1, 1)
    torch.save({'layer2.0.downsample.0.weight': kernel}, tmp_path / 'resnet18.pth')
    model = build(pretrained=str(tmp_path / 'resnet18.pth'))
    model.init_weights()
    assert torch.equal(model.layer2[0].downsample.conv.net.weight, kernel)


def test_place_is_what_the_class_is_about():
    with pytest.raises(ValueError, match="takes no shift_place, got 'block'; leave"):
        build(shift_place='block')
