"""Batch normalisation folded into the convolution before it, for testing.

With fixed statistics a normalisation is a factor and a shift for each channel, which
the convolution's weights and bias can carry.
"""

from collections.abc import Iterator
from itertools import pairwise

from mmcv.cnn import ConvModule
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def fold_batch_norms(model: nn.Module) -> list[str]:
    """Fold what surely follows a convolution, in place; identities take their places.

    Sure are MMCV's ``ConvModule``, if it normalises right after convolving, and
    neighbours in an ``nn.Sequential``. Other normalisations stay.

    Args:
        model: A model in evaluation mode that is used for testing alone.

    Returns:
        Names of the normalisations that were folded.
    """
    folded = []
    for name, parent in model.named_modules():
        for conv, norm in list(_pairs(parent)):
            setattr(
                parent,
                conv,
                fuse_conv_bn_eval(
                    parent.get_submodule(conv), parent.get_submodule(norm)
                ),
            )
            setattr(parent, norm, nn.Identity())
            folded.append(f'{name}.{norm}')
    return folded


def _pairs(parent: nn.Module) -> Iterator[tuple[str, str]]:
    """Name a module's convolutions and the normalisations that follow them."""
    if isinstance(parent, ConvModule):
        follows = 'norm' in parent.order and (
            parent.order.index('norm') == parent.order.index('conv') + 1
        )
        if follows and parent.with_norm and _foldable(parent.conv, parent.norm):
            yield 'conv', parent.norm_name
    elif isinstance(parent, nn.Sequential):
        children = list(parent.named_children())
        for (first, conv), (second, norm) in pairwise(children):
            if _foldable(conv, norm):
                yield first, second


def _foldable(conv: nn.Module, norm: nn.Module) -> bool:
    return (
        isinstance(conv, CONVOLUTIONS)
        and not conv.transposed
        and isinstance(norm, _BatchNorm)
        and not norm.training
        and norm.running_mean is not None
    )
