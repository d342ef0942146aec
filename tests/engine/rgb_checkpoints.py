"""RGB checkpoints as they are published, and what the hook sees of a runner."""

import logging
from types import SimpleNamespace

import torch
from torch import nn

import tpn_tsn_plugin  # noqa: F401
from tpn_tsn_plugin.registry import HOOKS, MODELS

RESNET18 = dict(type='ResNet', depth=18)
SLOWONLY = dict(type='ResNet3dSlowOnly', depth=18, conv1_kernel=(3, 7, 7))
# MMAction2's TSM loads a checkpoint even with pretrained=None, unless told not to.
TSM = dict(type='ResNetTSM', depth=18, num_segments=4, pretrained2d=False)
# Each backbone, the backbone that the checkpoint is made of, and how MMAction2 (or
# load_state_dict) would read that checkpoint itself.
BACKBONES = {
    'resnet18': (RESNET18, RESNET18),
    'resnet50': (dict(type='ResNet', depth=50), dict(type='ResNet', depth=50)),
    'slowonly': (SLOWONLY, RESNET18),
    'tsm': (TSM, RESNET18),
    'bn_inception': (dict(type='BNInception'), dict(type='BNInception')),
    'vgg': (dict(type='VGG', depth=11), dict(type='VGG', depth=11)),
}


def build(cfg, **options):
    """A backbone with weights and statistics like trained ones."""
    backbone = MODELS.build({**cfg, **options})
    for name, value in backbone.state_dict().items():
        if name.endswith(('running_var', 'bn.weight')):
            value.uniform_(0.5, 1.5)
        elif name.endswith(('running_mean', '.bias')):
            value.normal_(std=0.1)
    # MMAction2's backbones return nothing here
    backbone.eval()
    return backbone


def torchvision_weights(backbone):
    """A ResNet's weights under torchvision's names, with a classifier."""
    weights = {}
    for name, value in backbone.state_dict().items():
        name = name.replace('downsample.conv', 'downsample.0')
        name = name.replace('downsample.bn', 'downsample.1')
        for i in (1, 2, 3):
            name = name.replace(f'conv{i}.conv.', f'conv{i}.')
            name = name.replace(f'conv{i}.bn.', f'bn{i}.')
        weights[name] = value.clone()
    return weights | {'fc.weight': torch.zeros(1000, 8), 'fc.bias': torch.zeros(1000)}


def make_runner(backbone, *, part='backbone', wrap=None, iteration=0, load_from=None):
    """What the hook sees of a runner."""
    model = nn.Module()
    model.add_module(part, backbone)
    return SimpleNamespace(
        model=wrap(model) if wrap else model,
        iter=iteration,
        logger=logging.getLogger('cross_modality'),
        _load_from=load_from,
    )


def start(backbone, checkpoint, **options):
    """Run the hook as a runner does, built from a config."""
    hook = HOOKS.build(
        dict(type='CrossModalityInitHook', checkpoint=checkpoint, **options)
    )
    part = options.get('module', 'backbone')
    hook.before_train(make_runner(backbone, part=part))
    return backbone
