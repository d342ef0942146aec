"""What a graph takes: the videos of a test pipeline, before normalisation.

Shape letters: N videos, V views (crops times clips), K segments, C channels, T time,
H height, W width.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from tpn_tsn_plugin.errors import ExportError

# Of a model with one input; MMAction2's name for it in samples.
ONLY_INPUT = 'imgs'

# Inputs by name, (N, V·K, C, H, W) or (N, V, C, T, H, W) each.
Batch = dict[str, Tensor]


@dataclass(frozen=True)
class GraphInput:
    """One input of a graph.

    Attributes:
        view: Shape of a view, (K, C, H, W) or (1, C, T, H, W). K is 1 where views are
            not told apart from segments.
    """

    view: tuple[int, ...]

    @property
    def is_clip(self) -> bool:
        """Whether time is an axis of its own."""
        return len(self.view) == 5

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of all axes, that of the videos first."""
        if self.is_clip:
            return ('videos', 'views', 'channels', 'time', 'height', 'width')
        return ('videos', 'frames', 'channels', 'height', 'width')

    @property
    def shape(self) -> tuple[str | int, ...]:
        """Shape with the names of the axes that may have any length."""
        return (*self.axes[:2], *self.view[1:])


def inputs_of(sample: Mapping[str, Any], model: nn.Module) -> dict[str, GraphInput]:
    """Read off a sample what a graph takes.

    Args:
        sample: What a test pipeline has packed.
        model: The model.

    Raises:
        ExportError: The sample is none of frames or clips.
    """
    shapes = shapes_of(sample)
    if any(len(shape) not in (4, 5) for shape in shapes.values()):
        raise ExportError(
            'the test pipeline must end in frames (V·K, C, H, W) or clips (V, C, T, H, '
            f'W), got {", ".join(map(str, shapes.values()))}'
        )
    return {
        name: GraphInput((_unit(shape, sample, model), *shape[1:]))
        for name, shape in shapes.items()
    }


def shapes_of(sample: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    """Shapes of a packed video's inputs by name."""
    return {name: tuple(x.shape) for name, x in _by_name(sample['inputs']).items()}


def told_segments(sample: Mapping[str, Any]) -> int | None:
    """K as the pipeline tells it to the model, None if it does not."""
    return sample['data_samples'].metainfo.get('num_clips')


def stack(samples: Sequence[Mapping[str, Any]]) -> Batch:
    """Put packed samples of one shape together."""
    videos = [_by_name(sample['inputs']) for sample in samples]
    return {
        name: torch.stack([video[name] for video in videos]).float()
        for name in videos[0]
    }


def random_batch(
    inputs: Mapping[str, GraphInput], videos: int, views: int, *, seed: int = 0
) -> Batch:
    """Videos of noise, from 0 to 255."""
    generator = torch.Generator().manual_seed(seed)

    def noise(view: tuple[int, ...]) -> Tensor:
        shape = (videos, views * view[0], *view[1:])
        return torch.randint(0, 256, shape, generator=generator).float()

    return {name: noise(own.view) for name, own in inputs.items()}


def _by_name(inputs: Any) -> dict[str, Tensor]:
    return dict(inputs) if isinstance(inputs, Mapping) else {ONLY_INPUT: inputs}


def _unit(shape: tuple[int, ...], sample: Mapping[str, Any], model: nn.Module) -> int:
    """How many entries of the first axis belong together."""
    if len(shape) == 5:
        return 1
    shifted = getattr(getattr(model, 'backbone', model), 'num_segments', None)
    for known in (told_segments(sample), getattr(model, 'num_segments', None), shifted):
        if known and shape[0] % known == 0:
            return int(known)
    return shape[0]
