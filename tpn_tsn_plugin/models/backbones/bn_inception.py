"""Inception with batch normalisation, the backbone of temporal segment networks.

Shape letters: N images (videos times views times segments), C channels, H height, W
width. Source: Ioffe and Szegedy (ICML 2015), Figure 5, as trained by the authors of
temporal segment networks; names of weights are those of their public files.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Self

import torch
import torch.nn.functional as F
from mmengine.utils.dl_utils.parrots_wrapper import _BatchNorm
from torch import Tensor, nn

from tpn_tsn_plugin.errors import require_one_of, require_positive_int
from tpn_tsn_plugin.models.backbones.bn_inception_table import (
    BLOCKS,
    FIRST_BLOCK,
    MAX_PROJECTED,
    STAGES,
    Block,
)
from tpn_tsn_plugin.models.backbones.staged_backbone import StagedBackbone
from tpn_tsn_plugin.models.backbones.stages import Stage
from tpn_tsn_plugin.models.normalisation import normalise
from tpn_tsn_plugin.registry import MODELS


@MODELS.register_module()
class BNInception(StagedBackbone):
    """Inception with batch normalisation.

    The public weights (``bn_inception-9f5701afb96c8044.pth``,
    ``bn_inception-52deb4733.pth``) load but for their classifier. They expect images in
    BGR order with values from 0 to 255, less the mean (104, 117, 128).

    Any height and width do; those that the original takes, multiples of 32 among them,
    give the same maps.

    Args:
        pretrained: Path or address of weights to start from.
        in_channels: Channels of the input. Weights for other input are brought in by
            ``CrossModalityInitHook``.
        out_indices: Stages whose maps are returned. The maps of the stages 0 to 3 have
            192, 320, 608 and 1024 channels, at 1/4, 1/8, 1/16 and 1/32 of the input's
            height and width; they come after conv2 and inception 3b, 4d and 5b.
        frozen_stages: Last part that does not learn: 0 is the first convolution, i the
            stage i - 1; -1 freezes nothing.
        norm_eval: Keep all running statistics as they are.
        init_cfg: How to start without ``pretrained``.

    Raises:
        ValueError: An option is out of range.
        CheckpointError: ``pretrained`` is no checkpoint of this architecture.
    """

    def __init__(
        self,
        pretrained: str | None = None,
        in_channels: int = 3,
        *,
        out_indices: Sequence[int] = (3,),
        frozen_stages: int = -1,
        norm_eval: bool = False,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        require_positive_int('in_channels', in_channels)
        for index in out_indices:
            require_one_of('out_indices', index, range(len(STAGES)))
        require_one_of('frozen_stages', frozen_stages, range(-1, len(STAGES) + 1))
        start: list[dict] = [
            dict(type='Kaiming', layer='Conv2d'),
            dict(type='Constant', layer='BatchNorm2d', val=1),
        ]
        super().__init__(out_indices, pretrained, init_cfg or start)
        self.frozen_stages = frozen_stages
        self.norm_eval = norm_eval
        self._add_conv('conv1_7x7_s2', in_channels, 64, 7, stride=2)
        self._add_conv('conv2_3x3_reduce', 64, 64, 1)
        self._add_conv('conv2_3x3', 64, 192, 3)
        channels = 192
        for name, block in BLOCKS.items():
            self._add_block(f'inception_{name}', block, channels)
            channels = block.out_channels(channels)
        self.register_load_state_dict_pre_hook(flatten_norm_weights)
        self._freeze()

    def _add_conv(
        self, name: str, in_channels: int, out_channels: int, size: int, stride: int = 1
    ) -> None:
        conv = nn.Conv2d(in_channels, out_channels, size, stride, padding=size // 2)
        self.add_module(name, conv)
        self.add_module(f'{name}_bn', nn.BatchNorm2d(out_channels))

    def _add_block(self, name: str, block: Block, in_channels: int) -> None:
        if block.single is not None:
            self._add_conv(f'{name}_1x1', in_channels, block.single, 1)
        reduced, out = block.triple
        self._add_conv(f'{name}_3x3_reduce', in_channels, reduced, 1)
        self._add_conv(f'{name}_3x3', reduced, out, 3, block.stride)
        reduced, out = block.double
        self._add_conv(f'{name}_double_3x3_reduce', in_channels, reduced, 1)
        self._add_conv(f'{name}_double_3x3_1', reduced, out, 3)
        self._add_conv(f'{name}_double_3x3_2', out, out, 3, block.stride)
        if block.projection is not None:
            self._add_conv(f'{name}_pool_proj', in_channels, block.projection, 1)

    def stages(self) -> Iterator[Stage]:
        """The stages conv1, conv2, inception_3a, …, inception_5b."""

        def conv1(x: Tensor) -> Tensor:
            return _halve(self._convolve(x, 'conv1_7x7_s2'))

        def conv2(x: Tensor) -> Tensor:
            return self._convolve(x, 'conv2_3x3_reduce', 'conv2_3x3')

        def block(name: str, x: Tensor) -> Tensor:
            return self._inception(_halve(x) if name == FIRST_BLOCK else x, name)

        yield Stage('conv1', conv1, self._parts('conv1_'))
        yield Stage('conv2', conv2, self._parts('conv2_'), 0)
        for i, blocks in enumerate(STAGES):
            for name in blocks:
                index = i if name == blocks[-1] else None
                whole = f'inception_{name}'
                parts = self._parts(f'{whole}_')
                yield Stage(whole, partial(block, name), parts, index)

    def _parts(self, beginning: str) -> tuple[str, ...]:
        names = (name for name, _ in self.named_children())
        return tuple(name for name in names if name.startswith(beginning))

    def _convolve(self, x: Tensor, *names: str) -> Tensor:
        for name in names:
            x = self.get_submodule(name)(x)
            x = normalise(self.get_submodule(f'{name}_bn'), x)
            x = F.relu(x, inplace=True)
        return x

    def _inception(self, x: Tensor, name: str) -> Tensor:
        block, name_of = BLOCKS[name], f'inception_{name}_{{}}'.format
        branches = []
        if block.single is not None:
            branches.append(self._convolve(x, name_of('1x1')))
        triple = ('3x3_reduce', '3x3')
        branches.append(self._convolve(x, *map(name_of, triple)))
        double = ('double_3x3_reduce', 'double_3x3_1', 'double_3x3_2')
        branches.append(self._convolve(x, *map(name_of, double)))
        if block.projection is None:
            branches.append(_halve_as_convolution(x))
        else:
            pool = F.max_pool2d if name == MAX_PROJECTED else F.avg_pool2d
            pooled = pool(x, kernel_size=3, stride=1, padding=1)
            branches.append(self._convolve(pooled, name_of('pool_proj')))
        return torch.cat(branches, dim=1)

    def train(self, mode: bool = True) -> Self:
        """Switch the mode, but for what is frozen."""
        super().train(mode)
        self._freeze()
        if mode and self.norm_eval:
            for module in self.modules():
                if isinstance(module, _BatchNorm):
                    module.eval()
        return self

    def _freeze(self) -> None:
        frozen: list[str] = ['conv1_', 'conv2_'][: self.frozen_stages + 1]
        for blocks in STAGES[1 : max(self.frozen_stages, 0)]:
            frozen += [f'inception_{name}_' for name in blocks]
        for name, module in self.named_children():
            if name.startswith(tuple(frozen)):
                module.eval().requires_grad_(False)


def flatten_norm_weights(
    backbone: nn.Module, state_dict: dict[str, Any], prefix: str, *_: Any
) -> None:
    """Accept normalisation weights (1, C), as PyTorch before 0.4 saved them.

    A hook for ``register_load_state_dict_pre_hook``.
    """
    for name, own in backbone.state_dict().items():
        value = state_dict.get(prefix + name)
        if isinstance(value, Tensor) and value.shape == (1, *own.shape):
            state_dict[prefix + name] = value[0]


def _halve(x: Tensor) -> Tensor:
    """Max-pool 3×3 with stride 2 as the public weights expect it."""
    return F.max_pool2d(x, kernel_size=3, stride=2, ceil_mode=True)


def _halve_as_convolution(x: Tensor) -> Tensor:
    """Max-pool to ceil(H / 2) × ceil(W / 2), as large as the convolutions beside it.

    Where H or W is odd, the original gives one less and cannot concatenate. x is not
    negative, so that zeros change no maximum.
    """
    height, width = x.shape[-2:]
    if height % 2 or width % 2:
        x = F.pad(x, (0, width % 2, 0, height % 2))
    return _halve(x)
