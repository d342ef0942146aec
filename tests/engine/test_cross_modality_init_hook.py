"""An RGB checkpoint as the start of a backbone that takes other input."""

import logging
from types import SimpleNamespace

import pytest
import torch
import torch.nn.functional as F
from mmaction.structures import ActionDataSample
from mmengine.model import MMDistributedDataParallel
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from rgb_checkpoints import (
    BACKBONES,
    RESNET18,
    SLOWONLY,
    build,
    make_runner,
    start,
    torchvision_weights,
)

from tpn_tsn_plugin.engine.hooks import CrossModalityInitHook
from tpn_tsn_plugin.engine.hooks.cross_modality_init_hook import find_input_kernels

FIRST = {
    'slowonly': 'conv1.conv',
    'bn_inception': 'conv1_7x7_s2',
    'vgg': 'features.0',
}
TEMPORAL_LENGTH = {'slowonly': 3}
INPUTS = {'flow_5': 10, 'flow_10': 20, 'difference_5': 15}


@pytest.fixture(autouse=True)
def _mmaction_scope():
    init_default_scope('mmaction')


@pytest.fixture(scope='module')
def published(tmp_path_factory):
    """Path of a published RGB checkpoint for each backbone, and what it holds."""
    folder, made = tmp_path_factory.mktemp('published'), {}

    def make(name):
        if name not in made:
            init_default_scope('mmaction')
            torch.manual_seed(0)
            path = str(folder / f'{name}.pth')
            weights = torchvision_weights(build(BACKBONES[name][1]))
            torch.save(weights, path)
            made[name] = path, weights
        return made[name]

    return make


def read_by_host(name, path, weights):
    """The RGB backbone as MMAction2's own code reads the checkpoint."""
    cfg = BACKBONES[name][0]
    if name in ('bn_inception', 'vgg'):
        backbone = build(cfg)
        backbone.load_state_dict(weights, strict=False)
    else:
        cfg = {**cfg, 'pretrained2d': True} if name == 'tsm' else cfg
        backbone = build(cfg, pretrained=path)
        backbone.init_weights()
    backbone.eval()
    return backbone


@torch.no_grad()
@pytest.mark.parametrize('channels', INPUTS.values(), ids=INPUTS)
@pytest.mark.parametrize('name', BACKBONES)
def test_start_from_rgb(name, channels, published):
    path, weights = published(name)
    theirs = read_by_host(name, path, weights)
    ours = start(build(BACKBONES[name][0], in_channels=channels), path)
    first = FIRST.get(name, 'conv1.conv')
    kernel = f'{first}.weight'

    # the first kernel is exactly the repeated mean
    published_kernel = weights.get(kernel, weights.get('conv1.weight'))
    mean = published_kernel.mean(dim=1)
    length = TEMPORAL_LENGTH.get(name)
    if length is not None:
        mean = (mean / length).unsqueeze(1).repeat(1, length, 1, 1)
    own = ours.state_dict()
    assert own[kernel].shape[1] == channels
    for copy in own[kernel].unbind(1):
        assert copy.equal(mean)

    # all else is exactly as MMAction2 reads the checkpoint
    expected = theirs.state_dict()
    assert list(own) == list(expected)
    different = [key for key in own if not own[key].equal(expected[key])]
    assert different == [kernel]

    # a clip copied into all channels gives what the mean kernel gives
    size = (4, 3, 32, 32) if length is None else (2, 3, 4, 32, 32)
    clip = torch.rand(size)
    copied = clip.repeat_interleave(-(-channels // 3), dim=1)[:, :channels]
    layer = theirs.get_submodule(first)
    convolve = F.conv2d if length is None else F.conv3d

    def answer_by_mean_kernel(module, inputs, output):
        return convolve(
            copied.sum(1, keepdim=True),
            mean.unsqueeze(1),
            module.bias,
            module.stride,
            module.padding,
        )

    layer.register_forward_hook(answer_by_mean_kernel)
    wanted = theirs(clip)
    assert wanted.abs().max() > 0
    tolerance = 1e-4 * wanted.abs().max().item()
    torch.testing.assert_close(ours(copied), wanted, rtol=0, atol=tolerance)


@pytest.mark.parametrize('name', ['resnet18', 'slowonly', 'vgg'])
def test_rgb_into_rgb_is_a_copy(name, published):
    path, weights = published(name)
    ours = start(build(BACKBONES[name][0]), path).state_dict()
    expected = read_by_host(name, path, weights).state_dict()
    assert all(ours[key].equal(expected[key]) for key in expected)


def test_rgb_with_difference_keeps_the_rgb_kernel(published):
    path, weights = published('resnet18')
    ours = start(build(RESNET18, in_channels=18), path, keep_rgb=True)
    kernel, published_kernel = ours.conv1.conv.weight, weights['conv1.weight']
    assert kernel[:, :3].equal(published_kernel)
    for copy in kernel[:, 3:].unbind(1):
        assert copy.equal(published_kernel.mean(1))


def in_recognizer(weights):
    names = {f'module.backbone.{name}': value for name, value in weights.items()}
    return dict(state_dict=names | {'cls_head.fc_cls.weight': torch.zeros(2, 512)}, a=1)


def in_mmpretrain(weights):
    names = {f'backbone.{k}': v for k, v in torchvision_weights_of(weights).items()}
    return dict(state_dict=names | {'head.fc.weight': torch.zeros(2, 512)})


def in_two_streams(weights):
    other = {f'temporal_backbone.{name}': value + 1 for name, value in weights.items()}
    return other | {
        f'spatial_backbone.{name}': value for name, value in weights.items()
    }


def torchvision_weights_of(weights):
    holder = SimpleNamespace(state_dict=lambda: weights)
    named = torchvision_weights(holder)
    return {k: v for k, v in named.items() if not k.startswith('fc.')}


@pytest.mark.parametrize('wrap', [in_recognizer, in_mmpretrain, in_two_streams])
def test_checkpoints_of_whole_models(wrap, tmp_path):
    source = build(RESNET18)
    path = str(tmp_path / 'model.pth')
    torch.save(wrap(source.state_dict()), path)
    own = start(build(RESNET18, in_channels=10), path).state_dict()
    for name, value in source.state_dict().items():
        if name == 'conv1.conv.weight':
            value = value.mean(1, keepdim=True).repeat(1, 10, 1, 1)
        assert own[name].equal(value)


def test_3d_checkpoint_into_2l_channels(tmp_path):
    source = build(SLOWONLY)
    path = str(tmp_path / 'slowonly.pth')
    torch.save(source.state_dict(), path)
    ours = start(build(SLOWONLY, in_channels=10), path)
    expected = source.conv1.conv.weight.mean(1)
    for copy in ours.conv1.conv.weight.unbind(1):
        assert copy.equal(expected)
    assert ours.layer4[1].conv2.conv.weight.equal(source.layer4[1].conv2.conv.weight)


def slowfast(channels):
    common = dict(
        type='resnet3d',
        depth=18,
        in_channels=channels,
        base_channels=8,
        pretrained=None,
    )
    return build(
        dict(
            type='ResNet3dSlowFast',
            slow_pathway=dict(common, lateral=True),
            fast_pathway=dict(common, lateral=False, base_channels=1),
        )
    )


def test_both_pathways_of_slowfast_meet_the_input(tmp_path):
    source, path = slowfast(3), str(tmp_path / 'slowfast.pth')
    torch.save(source.state_dict(), path)
    ours = start(slowfast(10), path)
    kernels = ['slow_path.conv1.conv.weight', 'fast_path.conv1.conv.weight']
    assert find_input_kernels(ours) == kernels
    own = ours.state_dict()
    for name, value in source.state_dict().items():
        if name in kernels:
            value = value.mean(1, keepdim=True).expand_as(own[name])
        assert own[name].equal(value)


def test_one_stream_of_a_two_stream_model(published):
    path, weights = published('resnet18')
    backbone = build(RESNET18, in_channels=10)
    start(backbone, path, module='temporal_backbone')
    assert backbone.conv1.bn.running_mean.equal(weights['bn1.running_mean'])


@pytest.fixture
def process_group(tmp_path):
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{tmp_path}/store', rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures('process_group')
def test_model_wrapped_for_data_parallelism(published):
    path, weights = published('resnet18')
    backbone = build(RESNET18, in_channels=10)
    runner = make_runner(backbone, wrap=MMDistributedDataParallel)
    CrossModalityInitHook(path).before_train(runner)
    assert backbone.conv1.bn.weight.equal(weights['bn1.weight'])


def test_log_says_what_was_loaded_changed_and_left(published, caplog):
    with caplog.at_level(logging.INFO, logger='cross_modality'):
        start(build(SLOWONLY, in_channels=10), published('slowonly')[0])
    (said,) = [m for m in caplog.messages if 'CrossModalityInitHook' in m]
    assert '120 weights of' in said
    assert '1 averaged over input channels (conv1.conv.weight)' in said
    assert '9 spread over time (conv1.conv.weight, layer3.0.conv1.conv.weight' in said
    assert '2 left (fc.weight, fc.bias)' in said
    assert len(said) < 700


class OpticalFlow(torch.utils.data.Dataset):
    """Two videos of two snippets of five optical-flow fields each."""

    metainfo = dict(classes=('a', 'b'))  # noqa: RUF012

    def __len__(self):
        return 2

    def __getitem__(self, index):
        frames = torch.full((2, 10, 32, 32), 40 * index, dtype=torch.uint8)
        return dict(inputs=frames, data_samples=ActionDataSample().set_gt_label(index))


def train(work_dir, checkpoint, epochs, resume=False):
    """Train an optical-flow TSN from a config, without learning anything."""
    runner = Runner(
        model=dict(
            type='Recognizer2D',
            backbone=dict(RESNET18, in_channels=10),
            cls_head=dict(type='TSNHead', num_classes=2, in_channels=512),
            data_preprocessor=dict(type='ActionDataPreprocessor'),
        ),
        custom_hooks=[dict(type='CrossModalityInitHook', checkpoint=checkpoint)],
        work_dir=str(work_dir),
        train_dataloader=dict(
            dataset=OpticalFlow(),
            batch_size=2,
            sampler=dict(type='DefaultSampler', shuffle=False),
        ),
        train_cfg=dict(by_epoch=True, max_epochs=epochs),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
        default_scope='mmaction',
        experiment_name=f'{work_dir.name}_{epochs}',
        resume=resume,
    )
    runner.train()
    return runner


@pytest.mark.integration
def test_through_a_runner(published, tmp_path, capsys):
    path, weights = published('resnet18')
    # a first run that would resume finds nothing to resume, and is initialised
    runner = train(tmp_path / 'a', path, epochs=1, resume=True)
    learned = dict(runner.model.backbone.named_parameters())
    mean = weights['conv1.weight'].mean(1)
    assert all(copy.equal(mean) for copy in learned['conv1.conv.weight'].unbind(1))
    assert learned['layer4.1.conv2.bn.bias'].equal(weights['layer4.1.bn2.bias'])
    assert '120 weights of' in capsys.readouterr().out

    # the file is not even opened when the run is resumed
    resumed = train(tmp_path / 'a', 'no_such_file.pth', epochs=2, resume=True)
    assert resumed.iter == 2
    for name, value in resumed.model.backbone.named_parameters():
        assert value.equal(learned[name])
    said = capsys.readouterr().out
    assert 'training goes on from iteration 1, no_such_file.pth is not used' in said
