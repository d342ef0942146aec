"""Batch normalisation folded into convolutions."""

import copy

import pytest
import torch
from mmcv.cnn import ConvModule
from recognisers import with_statistics
from torch import nn

from tpn_tsn_plugin.engine.acceleration.folding import fold_batch_norms

BN2D, BN3D, CONV3D = dict(type='BN'), dict(type='BN3d'), dict(type='Conv3d')
SIZES = {4: (2, 4, 9, 9), 5: (2, 4, 3, 9, 9)}
MODELS = {
    'module': (lambda: ConvModule(4, 6, 3, norm_cfg=BN2D), 4, 1),
    'module-3d': (
        lambda: ConvModule(4, 6, (1, 3, 3), conv_cfg=CONV3D, norm_cfg=BN3D),
        5,
        1,
    ),
    'with-bias': (lambda: ConvModule(4, 6, 3, bias=True, norm_cfg=BN2D), 4, 1),
    'neighbours': (
        lambda: nn.Sequential(nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4), nn.ReLU()),
        4,
        1,
    ),
    'activation-between': (
        lambda: nn.Sequential(nn.Conv2d(4, 4, 3), nn.ReLU(), nn.BatchNorm2d(4)),
        4,
        0,
    ),
    'another-order': (
        lambda: ConvModule(4, 4, 3, norm_cfg=BN2D, order=('norm', 'conv', 'act')),
        4,
        0,
    ),
    'transposed': (
        lambda: nn.Sequential(nn.ConvTranspose2d(4, 4, 3), nn.BatchNorm2d(4)),
        4,
        0,
    ),
    'other-norm': (lambda: ConvModule(4, 4, 3, norm_cfg=dict(type='IN')), 4, 0),
}


@pytest.mark.parametrize(('make', 'ndim', 'count'), MODELS.values(), ids=MODELS)
def test_same_results(make, ndim, count):
    torch.manual_seed(0)
    own = with_statistics(make()).eval()
    folded = copy.deepcopy(own)
    assert len(fold_batch_norms(folded)) == count
    x = torch.randn(SIZES[ndim])
    torch.testing.assert_close(folded(x), own(x), rtol=1e-4, atol=1e-5)


def test_batch_statistics_are_not_folded():
    training = ConvModule(4, 4, 3, norm_cfg=BN2D).train()
    without = nn.Sequential(
        nn.Conv2d(4, 4, 3), nn.BatchNorm2d(4, track_running_stats=False)
    ).eval()
    assert fold_batch_norms(training) == fold_batch_norms(without) == []
