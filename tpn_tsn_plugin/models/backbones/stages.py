"""Backbones as the stages that they run one after the other.

Two streams that are fused in the middle have to be stopped there. A backbone of
MMAction2 has one ``forward`` only; here is, for each such ``forward``, what it runs in
which order. A backbone whose ``forward`` is another one is a single stage.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from mmaction.models.backbones import (
    C2D,
    C3D,
    X3D,
    MobileNetV2,
    ResNet,
    ResNet2Plus1d,
    ResNet3d,
    SwinTransformer3D,
    UniFormer,
)
from torch import Tensor, nn

from tpn_tsn_plugin.functional.frames import frames_of, volume_of


@dataclass(frozen=True)
class Stage:
    """One stage of a backbone.

    Attributes:
        name: How it is called, the name of a module where it is one.
        run: From the map of the stage before to this one's.
        parts: The modules that nothing before it needs.
        index: Its number in ``out_indices``, where it has one.
    """

    name: str
    run: Callable[[Any], Tensor]
    parts: tuple[str, ...]
    index: int | None = None


def split_stages(backbone: nn.Module) -> list[Stage]:
    """Divide a backbone into its stages, up to the one whose map it returns.

    Run one after the other they compute what the backbone does.

    Args:
        backbone: A backbone of MMAction2, or one with a method ``stages``.

    Raises:
        ValueError: It returns several maps.
    """
    own = getattr(backbone, 'stages', None)
    if callable(own):
        stages = list(own())
    elif type(backbone).forward in _SPLITS:
        stages = list(_SPLITS[type(backbone).forward](backbone))
    else:
        return [Stage('backbone', backbone, ())]
    numbers = [stage.index for stage in stages]
    # Some take out_indices, and return their last map whatever it says.
    if set(numbers) == {None}:
        return stages
    wanted = tuple(vars(backbone)['out_indices'])
    if len(wanted) != 1:
        raise ValueError(
            f'out_indices of {type(backbone).__name__} must name one stage, got '
            f'{wanted}'
        )
    return stages[: numbers.index(wanted[0]) + 1]


def remove_parts(backbone: nn.Module, stages: list[Stage]) -> None:
    """Take the modules of stages out of a backbone; they stay as empty places."""
    for stage in stages:
        for part in stage.parts:
            backbone.set_submodule(part, nn.Identity())


def _modules(
    backbone: nn.Module, name: str, *parts: str, index: int | None = None
) -> Stage:
    """A stage that runs modules one after the other."""
    modules = [backbone.get_submodule(part) for part in parts]

    def run(x: Tensor) -> Tensor:
        for module in modules:
            x = module(x)
        return x

    return Stage(name, run, parts, index)


def _resnet(backbone: ResNet) -> Iterator[Stage]:
    yield _modules(backbone, 'stem', 'conv1', 'maxpool')
    for i, name in enumerate(backbone.res_layers):
        yield _modules(backbone, name, name, index=i)


def _resnet3d(backbone: ResNet3d) -> Iterator[Stage]:
    stem = ('conv1', 'maxpool') if backbone.with_pool1 else ('conv1',)
    yield _modules(backbone, 'stem', *stem)
    for i, name in enumerate(backbone.res_layers):
        after = ('pool2',) if i == 0 and backbone.with_pool2 else ()
        yield _modules(backbone, name, name, *after, index=i)


def _resnet2plus1d(backbone: ResNet2Plus1d) -> Iterator[Stage]:
    yield _modules(backbone, 'stem', 'conv1', 'maxpool')
    for name in backbone.res_layers:
        yield _modules(backbone, name, name)


def _x3d(backbone: X3D) -> Iterator[Stage]:
    yield _modules(backbone, 'stem', 'conv1_s', 'conv1_t')
    for name in backbone.res_layers:
        yield _modules(backbone, name, name)
    yield _modules(backbone, 'conv5', 'conv5')


def _mobilenet(backbone: MobileNetV2) -> Iterator[Stage]:
    yield _modules(backbone, 'stem', 'conv1')
    for i, name in enumerate(backbone.layers):
        yield _modules(backbone, name, name, index=i)


def _c3d(backbone: C3D) -> Iterator[Stage]:
    for i, convs in enumerate(('1a', '2a', '3a 3b', '4a 4b', '5a 5b'), 1):
        names = [f'conv{conv}' for conv in convs.split()]
        yield _modules(backbone, f'conv{i}', *names)
        yield _modules(backbone, f'pool{i}', f'pool{i}')

    def classify(x: Tensor) -> Tensor:
        x = backbone.relu(backbone.fc6(x.flatten(1)))
        return backbone.relu(backbone.fc7(backbone.dropout(x)))

    yield Stage('fc', classify, ('fc6', 'fc7'))


def _c2d(backbone: C2D) -> Iterator[Stage]:
    """Frame by frame but for two poolings; maps between stages are volumes."""

    def by_frame(module: nn.Module, x: Tensor) -> Tensor:
        return volume_of(module(frames_of(x)), x.shape[2])

    def stem(x: Tensor) -> Tensor:
        return backbone.maxpool3d_1(by_frame(backbone.conv1, x))

    def first(x: Tensor) -> Tensor:
        return backbone.maxpool3d_2(by_frame(backbone.layer1, x))

    yield Stage('stem', stem, ('conv1', 'maxpool3d_1'))
    yield Stage('layer1', first, ('layer1', 'maxpool3d_2'), 0)
    for i, name in enumerate(backbone.res_layers[1:], 1):
        run = partial(by_frame, backbone.get_submodule(name))
        yield Stage(name, run, (name,), i)


def _uniformer(backbone: UniFormer) -> Iterator[Stage]:
    def embed(x: Tensor) -> Tensor:
        return backbone.pos_drop(backbone.patch_embed1(x))

    def run(index: int, x: Tensor) -> Tensor:
        x = embed(x) if index == 1 else backbone.get_submodule(f'patch_embed{index}')(x)
        for block in backbone.get_submodule(f'blocks{index}'):
            x = block(x)
        return backbone.norm(x) if index == 4 else x

    for index in range(1, 5):
        parts = [f'patch_embed{index}', f'blocks{index}', 'norm'][: 2 + index // 4]
        yield Stage(f'blocks{index}', partial(run, index), tuple(parts))


def _swin(backbone: SwinTransformer3D) -> Iterator[Stage]:
    """Maps between stages are what the next one takes; only the last is normalised."""

    def layer(index: int, x: Tensor) -> Tensor:
        module, last = backbone.layers[index], index in backbone.out_indices
        shrink = backbone.out_after_downsample or not last
        x = module(x.contiguous(), do_downsample=shrink)
        if last:
            x = backbone.get_submodule(f'norm{index}')(x)
        return x.movedim(-1, 1)

    yield _modules(backbone, 'stem', 'patch_embed', 'pos_drop')
    for i in range(backbone.num_layers):
        yield Stage(f'layer{i}', partial(layer, i), (f'layers.{i}',), i)


_SPLITS: dict[Any, Callable[[Any], Iterator[Stage]]] = {
    ResNet.forward: _resnet,
    ResNet3d.forward: _resnet3d,
    ResNet2Plus1d.forward: _resnet2plus1d,
    X3D.forward: _x3d,
    MobileNetV2.forward: _mobilenet,
    C3D.forward: _c3d,
    C2D.forward: _c2d,
    UniFormer.forward: _uniformer,
    SwinTransformer3D.forward: _swin,
}
