"""BN-Inception: published size, names and arithmetic of the public weights."""

import pytest
import torch
import torch.nn.functional as F
from mmengine.runner.checkpoint import load_state_dict as load_as_mmengine

from tpn_tsn_plugin.errors import CheckpointError
from tpn_tsn_plugin.models import BNInception
from tpn_tsn_plugin.registry import MODELS

CHANNELS = (192, 320, 608, 1024)
# Convolutions of the public files, with input, output and size of the kernel.
KNOWN = {
    'conv1_7x7_s2': (3, 64, 7),
    'conv2_3x3_reduce': (64, 64, 1),
    'inception_3a_double_3x3_2': (96, 96, 3),
    'inception_3c_3x3': (128, 160, 3),
    'inception_4c_1x1': (576, 160, 1),
    'inception_4d_pool_proj': (608, 128, 1),
    'inception_5a_1x1': (1056, 352, 1),
    'inception_5b_double_3x3_reduce': (1024, 192, 1),
}
ABSENT = ['inception_3c_1x1', 'inception_4e_1x1', 'inception_3c_pool_proj']


def build(**options):
    """A backbone whose normalisations are not the identity."""
    backbone = MODELS.build(dict(type='BNInception', **options))
    for name, value in backbone.named_buffers():
        if name.endswith('running_mean'):
            value.normal_(std=0.1)
        elif name.endswith('running_var'):
            value.uniform_(0.5, 2)
    return backbone.eval()


def public_file(backbone, classifier='last_linear', old=False):
    """Weights as they are published: with classifier, without counters."""
    weights = {
        name: value.clone()
        for name, value in backbone.state_dict().items()
        if not name.endswith('num_batches_tracked')
    }
    if old:
        weights = {
            name: value[None] if '_bn.' in name else value
            for name, value in weights.items()
        }
    classes = {'weight': torch.zeros(1000, 1024), 'bias': torch.zeros(1000)}
    return weights | {f'{classifier}.{name}': x for name, x in classes.items()}


def test_size_is_the_published_one():
    with torch.device('meta'):
        backbone = BNInception()
    classifier = 1024 * 1000 + 1000
    total = sum(p.numel() for p in backbone.parameters()) + classifier
    # BN-Inception in the tables of pytorchcv, which converted the public weights
    assert total == 11_295_240


def test_names_and_shapes_are_those_of_the_public_files():
    with torch.device('meta'):
        weights = BNInception().state_dict()
    for name, (inputs, outputs, size) in KNOWN.items():
        assert weights[f'{name}.weight'].shape == (outputs, inputs, size, size)
        assert weights[f'{name}.bias'].shape == (outputs,)
        assert weights[f'{name}_bn.running_mean'].shape == (outputs,)
    assert not [name for name in weights if name.startswith(tuple(ABSENT))]
    # 69 convolutions with bias, each with five tensors of its normalisation
    assert len(weights) == 69 * 7


@pytest.mark.parametrize('size', [224, 64, 56, 33])
def test_maps_of_all_stages(size):
    with torch.device('meta'):
        maps = BNInception(out_indices=(0, 1, 2, 3))(torch.zeros(2, 3, size, size))
    assert tuple(x.shape[1] for x in maps) == CHANNELS
    if size % 32 == 0:
        sides = [x.shape[-1] for x in maps]
        assert sides == [size // stride for stride in (4, 8, 16, 32)]


@torch.no_grad()
def test_one_map_is_no_tuple_and_equals_its_stage():
    backbone, x = build(out_indices=(1, 3)), torch.randn(1, 3, 32, 32)
    maps = backbone(x)
    backbone.out_indices = (3,)
    assert backbone(x).equal(maps[1])
    assert backbone(x).min() == 0 < backbone(x).max()


@torch.no_grad()
@pytest.mark.parametrize('name', ['3a', '3c', '5b'])
def test_block_by_formula(name):
    """One block of each kind, written out: projection of a mean, of a maximum, none."""
    backbone = build()
    weights = backbone.state_dict()

    def unit(x, branch, stride=1):
        own = {
            key.removeprefix(f'inception_{name}_{branch}'): value
            for key, value in weights.items()
        }
        kernel = own['.weight']
        x = F.conv2d(x, kernel, own['.bias'], stride, padding=kernel.shape[-1] // 2)
        deviation = (own['_bn.running_var'] + 1e-5).sqrt()
        scale = (own['_bn.weight'] / deviation)[:, None, None]
        x = (x - own['_bn.running_mean'][:, None, None]) * scale
        return (x + own['_bn.bias'][:, None, None]).clamp(min=0)

    x = torch.rand(2, {'3a': 192, '3c': 320, '5b': 1024}[name], 8, 8)
    stride = 2 if name == '3c' else 1
    branches = [] if name == '3c' else [unit(x, '1x1')]
    branches.append(unit(unit(x, '3x3_reduce'), '3x3', stride))
    double = unit(unit(x, 'double_3x3_reduce'), 'double_3x3_1')
    branches.append(unit(double, 'double_3x3_2', stride))
    if name == '3a':
        # zeros around the map count
        nine = F.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)
        branches.append(unit(nine.mean((-2, -1)), 'pool_proj'))
    elif name == '5b':
        nine = F.pad(x, (1, 1, 1, 1)).unfold(2, 3, 1).unfold(3, 3, 1)
        branches.append(unit(nine.amax((-2, -1)), 'pool_proj'))
    else:
        # windows begin at the map's corner and are cut at its end
        nine = F.pad(x, (0, 1, 0, 1)).unfold(2, 3, 2).unfold(3, 3, 2)
        branches.append(nine.amax((-2, -1)))
    expected = torch.cat(branches, dim=1)
    ours = backbone._inception(x, name)
    torch.testing.assert_close(ours, expected, rtol=0, atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize('old', [False, True])
@pytest.mark.parametrize('classifier', ['fc', 'last_linear'])
@pytest.mark.parametrize('loader', ['torch', 'mmengine'])
def test_public_files_load_but_for_the_classifier(old, classifier, loader, caplog):
    source, backbone = build(), build()
    weights = public_file(source, classifier, old)
    if loader == 'torch':
        result = backbone.load_state_dict(weights, strict=False)
        assert result.unexpected_keys == [f'{classifier}.weight', f'{classifier}.bias']
        assert result.missing_keys == []
    else:
        load_as_mmengine(backbone, weights, strict=False, logger='silent')
    x = torch.randn(1, 3, 32, 32)
    assert backbone(x).equal(source(x))


@torch.no_grad()
def test_old_files_load_inside_a_model():
    source, model = build(), torch.nn.ModuleDict({'backbone': build()})
    weights = public_file(source, old=True)
    model.load_state_dict(
        {f'backbone.{k}': v for k, v in weights.items()}, strict=False
    )
    x = torch.randn(1, 3, 32, 32)
    assert model['backbone'](x).equal(source(x))


@torch.no_grad()
def test_pretrained_weights_are_loaded_when_weights_are_initialised(tmp_path):
    source, path = build(), str(tmp_path / 'bn_inception.pth')
    torch.save(public_file(source, old=True), path)
    backbone = build(pretrained=path)
    x = torch.randn(1, 3, 32, 32)
    assert not backbone(x).equal(source(x))
    backbone.init_weights()
    assert backbone(x).equal(source(x))


@pytest.mark.parametrize(
    ('change', 'options', 'message'),
    [
        (
            None,
            dict(in_channels=10),
            r'1 of another shape: conv1_7x7_s2\.weight .64, 3',
        ),
        ('inception_5b_1x1.weight', {}, r'1 missing in it: inception_5b_1x1\.weight'),
    ],
)
def test_pretrained_weights_that_do_not_fit(tmp_path, change, options, message):
    path = str(tmp_path / 'other.pth')
    weights = public_file(build())
    weights.pop(change, None)
    torch.save(weights, path)
    backbone = build(pretrained=path, **options)
    with pytest.raises(CheckpointError, match=message) as error:
        backbone.init_weights()
    assert '\n' not in str(error.value)
    assert 'other.pth does not fit BNInception' in str(error.value)
    assert 'CrossModalityInitHook' in str(error.value)


def test_gradients_reach_all_weights():
    backbone = build().train()
    backbone(torch.randn(2, 3, 64, 64)).square().mean().backward()
    without = [n for n, p in backbone.named_parameters() if p.grad is None]
    assert without == []
    assert backbone.conv1_7x7_s2.weight.grad.abs().max() > 0


@pytest.mark.parametrize(
    ('frozen_stages', 'last', 'next_one'),
    [
        (0, 'conv1_7x7_s2', 'conv2_3x3_reduce'),
        (1, 'conv2_3x3', 'inception_3a_1x1'),
        (2, 'inception_3b_pool_proj', 'inception_3c_3x3_reduce'),
        (4, 'inception_5b_pool_proj', None),
    ],
)
def test_frozen_stages_stay_frozen_in_training(frozen_stages, last, next_one):
    backbone = BNInception(frozen_stages=frozen_stages)
    for _ in range(2):
        backbone.train()
        for name, learns in [(last, False), (next_one, True)]:
            if name is not None:
                conv = backbone.get_submodule(name)
                norm = backbone.get_submodule(f'{name}_bn')
                assert conv.weight.requires_grad is learns
                assert norm.weight.requires_grad is norm.training is learns


def test_norm_eval_keeps_statistics():
    backbone = BNInception(norm_eval=True).train()
    assert backbone.training
    assert not backbone.conv1_7x7_s2_bn.training
    assert backbone.conv1_7x7_s2_bn.weight.requires_grad
    assert BNInception().train().conv1_7x7_s2_bn.training


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(out_indices=(4,)), r'out_indices must be one of \[0, 1, 2, 3\], got 4'),
        (dict(frozen_stages=5), r'frozen_stages must be one of \[-1, .* 4\], got 5'),
        (dict(in_channels=0), r'in_channels must be a whole number from 1 on, got 0'),
    ],
)
def test_wrong_option_is_named(options, message):
    with pytest.raises(ValueError, match=message), torch.device('meta'):
        BNInception(**options)
