"""Batch normalisation that trains with a single value a channel as well.

One video, one time step, a map of 1×1: the value is its own mean, a variance does not
exist, and PyTorch refuses to train. Such a step is normalised here as in testing, with
the running statistics, which stay as they are. Everything else is the layer's own.

MMAction2's backbones run their own layers and do refuse, where a whole batch has one
position left. ``norm_eval=True`` of the backbone, or ``PartialBNHook``, fixes their
statistics.

Shape letters: N samples, C channels.
"""

import torch.nn.functional as F
from mmcv.cnn import ConvModule
from mmengine.dist import get_world_size
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn


def normalise(norm: nn.Module, x: Tensor) -> Tensor:
    """Run a normalisation layer on (N, C, ...), of whatever kind it is.

    Layers stay those that MMEngine and PyTorch know, so that conversion to synchronised
    ones, partial batch normalisation and checkpoints find them.
    """
    # The mode comes first: a graph that is traced for testing must compare no sizes.
    if norm.training and isinstance(norm, _BatchNorm) and _is_alone(norm, x):
        mean, variance = norm.running_mean, norm.running_var
        return F.batch_norm(x, mean, variance, norm.weight, norm.bias, eps=norm.eps)
    return norm(x)


def _is_alone(norm: _BatchNorm, x: Tensor) -> bool:
    """Whether a channel has a single value, and running statistics in its place."""
    if x.numel() != x.shape[1] or not norm.track_running_stats:
        return False
    # With values of other processes there are statistics, and these wait for ours.
    synchronised = isinstance(norm, nn.SyncBatchNorm)
    return not synchronised or get_world_size(norm.process_group) == 1


class NormalisedConv(ConvModule):
    """MMCV's convolution, normalisation and activation, by :func:`normalise`.

    Weights are named as in ``ConvModule``. Takes its options, but for those that change
    the order of the three or leave one out.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Map (N, C, ...) to (N, C', ...)."""
        if not self.norm.training:
            return super().forward(x)
        x = super().forward(x, activate=False, norm=False)
        return self.activate(normalise(self.norm, x))
